{% set keys = pool_keys() + ["decomposition"] %}

with

sizes as (
    select * from {{ ref("int_ensembling") }}
),

measures as (
    {% for measure in ["error", "bias_sq_unbiased", "variance_unbiased", "incoherence_unbiased"] %}
        select
            {{ keys | join(", ") }},
            ensemble_size,
            '{{ measure }}' as measure,
            {{ measure }} as measured
        from sizes
        {{ "union all" if not loop.last }}
    {% endfor %}
),

fits as (
    {{ log_log_fit("measures", "ensemble_size", "measured", keys + ["measure"], floor=var("zero_error")) }}
)

select * from fits
