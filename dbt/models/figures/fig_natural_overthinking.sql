with

halves as (
    select * from {{ ref("int_overthinking") }}
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
    {{ length_figure_keys("halves") }},
    halves.half,
    halves.n_items,
    halves.n_items_left_out,
    halves.n_samples,
    halves.mean_length,
    halves.accuracy,
    halves.accuracy_ci_low,
    halves.accuracy_ci_high,
    {{ with_interval("halves") }},
    {{ incoherence_columns("halves") }}
from halves
{{ join_pools("halves") }}
inner join models on halves.model_id = models.model_id
inner join conditions on halves.condition_id = conditions.condition_id
order by task, model_id, condition_id, decomposition, length_axis, half
