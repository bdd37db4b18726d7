{% set sources = {
    "lengths": ["temperature", "accuracy"],
    "overthinking": ["temperature", "fitted_to", "n_buckets"],
    "budgets": ["temperature", "fitted_to", "n_buckets"],
    "scale": ["temperature", "fitted_to", "accuracy"],
    "optimizer": [
        "task", "condition_id", "fit_id", "kl_delta", "format_failures", "length_axis", "fitted_to", "n_buckets", "accuracy",
        "precondition",
    ],
} %}
{% set others = {
    "task": "'synthetic_optimizer'", "condition_id": "cast(null as string)", "fit_id": "problem_id",
    "temperature": "cast(null as double)", "kl_delta": "cast(null as double)", "format_failures": "cast(null as string)",
    "length_axis": "cast(null as string)", "fitted_to": "cast(null as string)", "n_buckets": "cast(null as bigint)",
    "accuracy": "cast(null as string)", "precondition": "'holds'",
} %}

with

analyses as (
    {% for source, missing in sources.items() %}
        select
            finding,
            decomposition,
            estimator,
            n,
            statistic,
            statistic_ci_low,
            statistic_ci_high,
        {% for column, value in others.items() %}
            {{ value ~ " as " ~ column if column in missing else column }}{{ "," if not loop.last }}
        {% endfor %}
        from {{ ref("int_multiverse_" ~ source) }}
        where statistic is not null
        {{ "union all" if not loop.last }}
    {% endfor %}
),

known_findings as (
    select * from {{ ref("known_findings") }}
),

examined as (
    select
        *,
        {{ verdict_of_statistic() }} as of_statistic
    from analyses
    inner join known_findings using (finding)
)

select
    finding,
    {{ told_id() }} as told_id,
    task,
    condition_id,
    temperature,
    decomposition,
    -- Only KL depends on δ.
    case when decomposition = 'kl' then kl_delta end as kl_delta,
    estimator,
    format_failures,
    length_axis,
    fitted_to,
    n_buckets,
    accuracy,
    statistic,
    statistic_ci_low,
    statistic_ci_high,
    {{ finding_verdict() }} as verdict
from examined
