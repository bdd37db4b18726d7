{% set keys = ["problem_id", "decomposition", "starts", "temperature"] %}
{% set measures = {
    "validation_loss": "validation_loss",
    "bias_sq": "bias_sq",
    "variance": "variance",
    "incoherence": "incoherence",
    "incoherence_unbiased": "incoherence_unbiased",
    "bias_sq_over_variance": "bias_sq / nullif(variance, 0)",
} %}

with

models as (
    select * from {{ ref("int_synthetic_by_scale") }}
),

measures as (
    {% for measure, expression in measures.items() %}
        select
            {{ keys | join(", ") }},
            param_count,
            '{{ measure }}' as measure,
            {{ expression }} as measured
        from models
        {{ "union all" if not loop.last }}
    {% endfor %}
),

fits as (
    {{ log_log_fit("measures", "param_count", "measured", keys + ["measure"]) }}
)

select * from fits
