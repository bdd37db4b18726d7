with

differences as (
    select * from {{ ref("int_overthinking_difference") }}
),

pools as (
    select * from {{ ref("int_pools") }}
),

models as (
    select * from {{ ref("dim_model") }}
),

conditions as (
    select * from {{ ref("dim_condition") }}
)

select
    {{ length_figure_keys("differences") }},
    differences.n_items,
    differences.incoherence_shorter,
    differences.incoherence_longer,
    differences.difference,
    differences.difference_ci_low,
    differences.difference_ci_high,
    differences.interval_note
from differences
{{ join_pools("differences") }}
inner join models on differences.model_id = models.model_id
inner join conditions on differences.condition_id = conditions.condition_id
order by task, model_id, condition_id, decomposition, length_axis
