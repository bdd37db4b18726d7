with

pools as (
    select * from {{ ref("fct_incoherence") }}
),

models as (
    select * from {{ ref("dim_model") }}
),

conditions as (
    select * from {{ ref("dim_condition") }}
    where reasoning_budget is not null
)

select
    pools.task,
    pools.model_id,
    models.model_family,
    models.param_count,
    models.is_simulated,
    pools.condition_id,
    conditions.condition_label,
    conditions.reasoning_budget,
    {{ columns_of("conditions", budget_settings()) }},
    dense_rank() over (
        partition by
            pools.task, pools.model_id, pools.decomposition, {{ columns_of("conditions", budget_settings()) }}
        order by {{ budget_order("conditions.reasoning_budget") }}, conditions.reasoning_budget
    ) as budget_rank,
    pools.decomposition,
    pools.is_main_decomposition,
    pools.n_items,
    pools.n_samples,
    pools.accuracy,
    pools.accuracy_ci_low,
    pools.accuracy_ci_high,
    {{ with_interval("pools") }},
    {{ incoherence_columns("pools") }}
from pools
inner join conditions on pools.condition_id = conditions.condition_id
inner join models on pools.model_id = models.model_id
order by task, model_id, {{ budget_settings() | join(", ") }}, decomposition, budget_rank, condition_id
