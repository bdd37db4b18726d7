with

pools as (
    select * from {{ ref("int_pools") }}
)

select
    pools.task,
    case when pools.model_id = others.model_id then 'conditions' else 'models' end as compared,
    pools.model_id,
    pools.condition_id,
    others.model_id as other_model_id,
    others.condition_id as other_condition_id,
    {{
        main_of_two("pools.main_decomposition", "others.main_decomposition", decompositions_by_preference())
    }} as main_decomposition,
    {{
        main_of_two("pools.main_length_axis", "others.main_length_axis", length_axes_by_preference())
    }} as main_length_axis
from pools
inner join pools as others
    on
        pools.task = others.task
        -- Two pools that differ in one thing alone, each pair once.
        and (
            pools.model_id = others.model_id and pools.condition_id < others.condition_id
            or pools.condition_id = others.condition_id and pools.model_id < others.model_id
        )
