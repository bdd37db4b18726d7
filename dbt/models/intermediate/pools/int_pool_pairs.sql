with

pools as (
    select distinct
        task,
        model_id,
        condition_id
    from {{ ref("int_item_samples") }}
),

pairs as (
    select
        pools.task,
        case when pools.model_id = others.model_id then 'conditions' else 'models' end as compared,
        pools.model_id,
        pools.condition_id,
        others.model_id as other_model_id,
        others.condition_id as other_condition_id
    from pools
    inner join pools as others
        on
            pools.task = others.task
            -- Two pools that differ in one thing alone, each pair once.
            and (
                pools.model_id = others.model_id and pools.condition_id < others.condition_id
                or pools.condition_id = others.condition_id and pools.model_id < others.model_id
            )
)

select * from pairs
