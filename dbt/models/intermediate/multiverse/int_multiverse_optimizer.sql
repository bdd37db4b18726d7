{% set keys = ["problem_id", "temperature", "decomposition", "estimator"] %}

with

sides as (
    {% for estimator, column in estimators().items() %}
        select
            problem_id,
            temperature,
            decomposition,
            '{{ estimator }}' as estimator,
            model_id,
            start_id,
            side,
            error,
            {{ "variance" if column == "variance" else column ~ " as variance" }}
        from {{ ref("int_synthetic_sides") }}
        where starts = 'standard'
        {{ "union all" if not loop.last }}
    {% endfor %}
),

rises as (
    {{ pooled_contrast("sides", keys, "start_id", rise_against_exact()) }}
),

sizes as (
    {% for estimator, suffix in {"corrected": "_unbiased", "plug_in": ""}.items() %}
        select
            problem_id,
            temperature,
            decomposition,
            '{{ estimator }}' as estimator,
            param_count,
            bias_sq{{ suffix }} / nullif(variance{{ suffix }}, 0) as bias_over_variance
        from {{ ref("int_synthetic_by_scale") }}
        where starts = 'standard'
        {{ "union all" if not loop.last }}
    {% endfor %}
),

fits as (
    {{ log_log_fit("sizes", "param_count", "bias_over_variance", keys) }}
)

select
    'synthetic_incoherence_rises_with_steps' as finding,
    {{ keys | join(", ") }},
    n_units as n,
    statistic,
    statistic - half_width as statistic_ci_low,
    statistic + half_width as statistic_ci_high
from rises

union all

select
    'synthetic_bias_falls_faster_than_variance' as finding,
    {{ keys | join(", ") }},
    n_points as n,
    slope as statistic,
    slope_ci_low as statistic_ci_low,
    slope_ci_high as statistic_ci_high
from fits
