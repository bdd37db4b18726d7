with

pools as (
    select * from {{ ref("int_pools") }}
),

condition_pairs as (
    select * from {{ ref("int_condition_pairs") }}
),

pairs as (
    select
        task,
        'models' as compared,
        pools.model_id,
        condition_id,
        others.model_id as other_model_id,
        condition_id as other_condition_id,
        cast(null as string) as setting,
        cast(null as string) as setting_value,
        cast(null as string) as other_setting_value
    from pools
    inner join pools as others using (task, condition_id)
    where pools.model_id < others.model_id

    union all

    select
        task,
        'conditions' as compared,
        model_id,
        pools.condition_id,
        model_id as other_model_id,
        others.condition_id as other_condition_id,
        setting,
        setting_value,
        other_setting_value
    from pools
    inner join pools as others using (task, model_id)
    inner join condition_pairs
        on
            pools.condition_id = condition_pairs.condition_id
            and others.condition_id = condition_pairs.other_condition_id
),

-- A contrast with what the setting starts from: what no other contrast of the setting ends in.
later as (
    select distinct
        task,
        model_id,
        setting,
        other_condition_id as condition_id
    from pairs
    where setting is not null
),

ranked as (
    select
        pairs.*,
        setting is not null and later.condition_id is null as is_from_baseline,
        count(*) over (partition by task, compared, model_id) as n_pairs
    from pairs
    left join later using (task, model_id, setting, condition_id)
    -- k conditions are k (k − 1) / 2 pairs: those that differ in one setting before others, from the baseline on.
    qualify
        compared = 'models'
        or row_number() over (
            partition by task, compared, model_id
            order by setting is null, later.condition_id is not null, setting, condition_id, other_condition_id
        ) <= {{ var("max_condition_pairs") }}
)

select
    ranked.*,
    greatest(case when compared = 'conditions' then n_pairs - {{ var("max_condition_pairs") }} end, 0)
        as n_pairs_left_out,
    {{
        main_of_two("pools.main_decomposition", "others.main_decomposition", decompositions_by_preference())
    }} as main_decomposition,
    {{
        main_of_two("pools.main_length_axis", "others.main_length_axis", length_axes_by_preference())
    }} as main_length_axis
from ranked
{{ join_both_pools("ranked", "pools") }}
