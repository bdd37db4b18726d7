with

pools as (
    select * from {{ ref("fct_incoherence") }}
    -- Accuracy is the samples': the same beside every decomposition of a pool.
    where is_main_decomposition
),

models as (
    select * from {{ ref("dim_model") }}
    where model_family is not null and param_count is not null
),

conditions as (
    select * from {{ ref("dim_condition") }}
)

select
    pools.task,
    models.model_family,
    models.model_type,
    pools.model_id,
    models.param_count,
    models.is_simulated,
    pools.condition_id,
    conditions.condition_label,
    pools.n_items,
    pools.n_samples,
    pools.accuracy,
    pools.accuracy_ci_low,
    pools.accuracy_ci_high
from pools
inner join models on pools.model_id = models.model_id
inner join conditions on pools.condition_id = conditions.condition_id
where pools.accuracy is not null
order by task, model_family, model_type, condition_id, param_count, model_id
