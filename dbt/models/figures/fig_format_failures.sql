with

sized as (
    select * from {{ ref("int_format_failures") }}
),

models as (
    select * from {{ ref("dim_model") }}
),

conditions as (
    select * from {{ ref("dim_condition") }}
)

select
    {{ pool_figure_keys("sized") }},
    sized.n_items,
    sized.n_samples,
    sized.n_format_failures,
    sized.failure_rate,
    {{ wilson("sized.failure_rate * sized.n_independent", "sized.n_independent", "-") }} as failure_rate_ci_low,
    {{ wilson("sized.failure_rate * sized.n_independent", "sized.n_independent", "+") }} as failure_rate_ci_high,
    sized.n_cut_off,
    sized.n_cut_off / cast(sized.n_samples as double) as cut_off_rate
from sized
inner join models on sized.model_id = models.model_id
inner join conditions on sized.condition_id = conditions.condition_id
order by task, model_id, condition_id
