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
    findings.problem_id,
    findings.model_id,
    findings.fit_id,
    findings.is_simulated,
    analyses.condition_id,
    conditions.condition_label,
    analyses.temperature,
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
inner join findings using (told_id)
left join conditions on analyses.condition_id = conditions.condition_id
order by
    finding, task, problem_id, condition_id, temperature, fit_id, decomposition, kl_delta, estimator, format_failures,
    length_axis, fitted_to, n_buckets, accuracy_is
