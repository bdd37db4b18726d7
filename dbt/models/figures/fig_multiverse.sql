with

analyses as (
    select * from {{ ref("int_multiverse") }}
),

findings as (
    select * from {{ ref("int_findings") }}
),

conditions as (
    select * from {{ ref("dim_condition") }}
)

select
    analyses.finding,
    findings.title,
    analyses.task,
    analyses.model_id,
    analyses.condition_id,
    conditions.condition_label,
    analyses.decomposition,
    analyses.kl_delta,
    analyses.estimator,
    analyses.format_failures,
    analyses.length_axis,
    analyses.fitted_to,
    analyses.n_buckets,
    analyses.accuracy as accuracy_is,
    analyses.statistic,
    analyses.statistic_ci_low,
    analyses.statistic_ci_high,
    analyses.verdict,
    findings.verdict as finding_verdict,
    analyses.verdict = findings.verdict as agrees
from analyses
inner join findings
    on
        analyses.finding = findings.finding
        and analyses.task = findings.task
        and analyses.condition_id = findings.condition_id
        and coalesce(analyses.model_id, '') = coalesce(findings.model_id, '')
inner join conditions on analyses.condition_id = conditions.condition_id
order by
    finding, task, condition_id, model_id, decomposition, kl_delta, estimator, format_failures, length_axis, n_buckets
