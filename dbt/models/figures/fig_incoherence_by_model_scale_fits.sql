{% set keys = scale_keys() + ["is_main_decomposition"] %}

with

groups as (
    select * from {{ ref("int_incoherence_by_model_scale") }}
),

conditions as (
    select * from {{ ref("dim_condition") }}
),

measures as (
    {% for measure in ["accuracy", "error", "bias_sq", "variance", "incoherence", "incoherence_unbiased"] %}
        select
            {{ keys | join(", ") }},
            param_count,
            '{{ measure }}' as measure,
            {{ measure }} as measured
        from groups
        {{ "union all" if not loop.last }}
    {% endfor %}
),

fits as (
    {{ log_log_fit("measures", "param_count", "measured", keys + ["measure"], floor=var("zero_error")) }}
)

select
    {{ columns_of("fits", keys) }},
    conditions.condition_label,
    fits.measure,
    {{ columns_of("fits", fit_columns()) }}
from fits
inner join conditions on fits.condition_id = conditions.condition_id
order by task, model_family, condition_id, decomposition, grouped_by, group_rank, measure
