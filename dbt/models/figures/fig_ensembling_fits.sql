with

numbers as (
    select * from {{ ref("int_ensembling_fits") }}
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
    numbers.measure,
    {{ columns_of("numbers", fit_columns() + ["n_items"]) }}
from numbers
{{ join_pools("numbers") }}
inner join models on numbers.model_id = models.model_id
inner join conditions on numbers.condition_id = conditions.condition_id
order by task, model_id, condition_id, decomposition, measure
