with

buckets as (
    select * from {{ ref("int_incoherence_by_reasoning_length") }}
),

measures as (
    {% for measure in ["incoherence", "incoherence_unbiased", "variance", "bias_sq", "error"] %}
        select
            {{ length_keys() | join(", ") }},
            mean_length,
            '{{ measure }}' as measure,
            {{ measure }} as measured
        from buckets
        {{ "union all" if not loop.last }}
    {% endfor %}
),

fits as (
    {{ log_log_fit("measures", "mean_length", "measured", length_keys() + ["measure"], floor=var("zero_error")) }}
)

select * from fits
