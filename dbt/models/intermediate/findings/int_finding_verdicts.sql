{% set sources = [
    "reasoning_length", "overthinking", "overthinking_one_grade", "budgets", "model_scale", "ensembling", "synthetic_steps",
    "synthetic_scale",
] %}

with

statistics as (
    {% for source in sources %}
        select {{ finding_columns() | join(", ") }}
        from {{ ref("int_finding_" ~ source) }}
        {{ "union all" if not loop.last }}
    {% endfor %}
),

known_findings as (
    select * from {{ ref("known_findings") }}
),

examined as (
    select
        *,
        {{ negligible_margin() }} as margin,
        {{ standard_error_of("statistic_ci_low", "statistic_ci_high", "degrees_of_freedom") }} as standard_error,
        {{ verdict_of_statistic() }} as of_statistic
    from statistics
    inner join known_findings using (finding)
)

-- By every metric of a pool: int_findings picks what is told.
select
    {{ finding_columns() | join(", ") }},
    title,
    kind,
    measured_as,
    min_n,
    paper_shows,
    standard_error,
    of_statistic,
    {{ told_id() }} as told_id,
    {{ reach("statistic", "standard_error", "margin") }} as reach,
    case
        when standard_error > 0 then {{ normal_quantile("(statistic / standard_error)", "degrees_of_freedom") }}
    end as z,
    {{ finding_verdict() }} as verdict
from examined
