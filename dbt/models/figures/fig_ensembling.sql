with

numbers as (
    select * from {{ ref("int_ensembling") }}
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
    {{ pool_figure_keys("numbers") }},
    numbers.decomposition,
    {{ is_main_decomposition("numbers") }},
    numbers.ensemble_size,
    numbers.n_items,
    numbers.n_ensembles,
    {{ with_interval("numbers") }},
    {{ with_interval("numbers", ["bias_sq_unbiased", "variance_unbiased"]) }},
    {{ incoherence_columns("numbers") }}
from numbers
{{ join_pools("numbers") }}
inner join models on numbers.model_id = models.model_id
inner join conditions on numbers.condition_id = conditions.condition_id
order by task, model_id, condition_id, decomposition, ensemble_size
