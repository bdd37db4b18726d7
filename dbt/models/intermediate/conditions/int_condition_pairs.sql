with

pools as (
    select * from {{ ref("int_pools") }}
),

settings as (
    select * from {{ ref("int_condition_settings") }}
),

pairs as (
    select distinct
        pools.condition_id as one_id,
        others.condition_id as another_id
    from pools
    inner join pools as others
        on
            pools.task = others.task
            and pools.model_id = others.model_id
            and pools.condition_id < others.condition_id
),

sides as (
    {% for side in ["one", "another"] %}
        select
            pairs.one_id,
            pairs.another_id,
            '{{ side }}' as side,
            {{ columns_of("settings", ["setting", "setting_name", "value", "words", "value_order"]) }}
        from pairs
        inner join settings on pairs.{{ side }}_id = settings.condition_id
        {{ "union all" if not loop.last }}
    {% endfor %}
),

differences as (
    select
        one_id,
        another_id,
        max(setting_name) as setting_name,
    {% for side in ["one", "another"] %}
        max(words) filter (where side = '{{ side }}') as {{ side }}_value,
        max(value_order) filter (where side = '{{ side }}') as {{ side }}_order{{ "," if not loop.last }}
    {% endfor %}
    from sides
    group by one_id, another_id, setting
    having max(value) filter (where side = 'one') is distinct from max(value) filter (where side = 'another')
),

contrasts as (
    select
        *,
        -- What is not set comes first.
        another_order is null
        or coalesce(another_order < one_order or another_order = one_order and another_value < one_value, false)
            as is_reversed
    from differences
    qualify count(*) over (partition by one_id, another_id) = 1
)

select
    case when is_reversed then another_id else one_id end as condition_id,
    case when is_reversed then one_id else another_id end as other_condition_id,
    setting_name as setting,
    case when is_reversed then another_value else one_value end as setting_value,
    case when is_reversed then one_value else another_value end as other_setting_value
from pairs
left join contrasts using (one_id, another_id)
