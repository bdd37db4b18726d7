with

buckets as (
    select * from {{ ref("int_wait_ratio") }}
),

pools as (
    select * from {{ ref("int_pools") }}
),

models as (
    select * from {{ ref("dim_model") }}
),

conditions as (
    select * from {{ ref("dim_condition") }}
),

measures as (
    {% for measure in ["incoherence", "incoherence_unbiased"] %}
        select
            {{ length_keys() | join(", ") }},
            wait_ratio,
            '{{ measure }}' as measure,
            {{ measure }} as measured
        from buckets
        {{ "union all" if not loop.last }}
    {% endfor %}
),

fits as (
    {{ log_log_fit("measures", "wait_ratio", "measured", length_keys() + ["measure"], floor=var("zero_error")) }}
)

select
    {{ pool_figure_keys("fits") }},
    fits.decomposition,
    {{ is_main_decomposition("fits") }},
    fits.length_axis,
    fits.measure,
    {{ columns_of("fits", fit_columns()) }}
from fits
{{ join_pools("fits") }}
inner join models on fits.model_id = models.model_id
inner join conditions on fits.condition_id = conditions.condition_id
order by task, model_id, condition_id, decomposition, length_axis, measure
