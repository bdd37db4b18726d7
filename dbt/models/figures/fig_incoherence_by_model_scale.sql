with

groups as (
    select * from {{ ref("int_incoherence_by_model_scale") }}
),

models as (
    select * from {{ ref("dim_model") }}
),

conditions as (
    select * from {{ ref("dim_condition") }}
)

select
    {{ columns_of("groups", scale_keys()) }},
    groups.is_main_decomposition,
    conditions.condition_label,
    groups.model_id,
    groups.param_count,
    models.is_simulated,
    groups.n_items,
    groups.n_samples,
    groups.reference_length,
    groups.accuracy,
    groups.accuracy_ci_low,
    groups.accuracy_ci_high,
    {{ with_interval("groups") }},
    {{ incoherence_columns("groups") }}
from groups
inner join models on groups.model_id = models.model_id
inner join conditions on groups.condition_id = conditions.condition_id
order by task, model_family, condition_id, decomposition, grouped_by, group_rank, param_count, model_id
