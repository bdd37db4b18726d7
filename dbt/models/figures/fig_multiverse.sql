with

analyses as (
    select * from {{ ref("int_multiverse") }}
),

findings as (
    select * from {{ ref("int_findings") }}
),

failure_modes as (
    select * from {{ ref("int_multiverse_failure_modes") }}
),

models as (
    select * from {{ ref("dim_model") }}
),

conditions as (
    select * from {{ ref("dim_condition") }}
),

ways as (
    select
        analyses.finding,
        findings.title,
        analyses.task,
        findings.problem_id,
        findings.model_id,
        findings.fit_id,
        findings.is_simulated,
        analyses.condition_id,
        analyses.temperature,
        analyses.decomposition,
        analyses.kl_delta,
        analyses.estimator,
        analyses.format_failures,
        analyses.length_axis,
        analyses.fitted_to,
        analyses.n_buckets,
        analyses.accuracy as accuracy_is,
        {{ nulls("double", "one_answer_share", "two_answer_share") }},
        {{ nulls("string", "failure_mode") }},
        analyses.statistic,
        analyses.statistic_ci_low,
        analyses.statistic_ci_high,
        analyses.verdict,
        findings.verdict as finding_verdict
    from analyses
    inner join findings using (told_id)

    union all

    select
        'how_items_fail' as finding,
        'The most frequent way in which items fail' as title,
        failure_modes.task,
        {{ nulls("string", "problem_id") }},
        failure_modes.model_id,
        failure_modes.model_id as fit_id,
        models.is_simulated,
        failure_modes.condition_id,
        {{ nulls("double", "temperature") }},
        {{ nulls("string", "decomposition") }},
        {{ nulls("double", "kl_delta") }},
        {{ nulls("string", "estimator", "format_failures", "length_axis", "fitted_to") }},
        {{ nulls("bigint", "n_buckets") }},
        {{ nulls("string", "accuracy_is") }},
        failure_modes.one_answer_share,
        failure_modes.two_answer_share,
        failure_modes.failure_mode,
        failure_modes.share_of_items as statistic,
        failure_modes.share_of_items_ci_low as statistic_ci_low,
        failure_modes.share_of_items_ci_high as statistic_ci_high,
        failure_modes.verdict,
        failure_modes.finding_verdict
    from failure_modes
    inner join models on failure_modes.model_id = models.model_id
)

select
    {{ columns_of("ways", [
        "finding", "title", "task", "problem_id", "model_id", "fit_id", "is_simulated", "condition_id",
    ]) }},
    conditions.condition_label,
    {{ columns_of("ways", [
        "temperature", "decomposition", "kl_delta", "estimator", "format_failures", "length_axis", "fitted_to", "n_buckets",
        "accuracy_is", "one_answer_share", "two_answer_share", "failure_mode", "statistic", "statistic_ci_low",
        "statistic_ci_high", "verdict", "finding_verdict",
    ]) }},
    ways.verdict = ways.finding_verdict as agrees
from ways
left join conditions on ways.condition_id = conditions.condition_id
order by
    finding, task, problem_id, model_id, condition_id, temperature, fit_id, decomposition, kl_delta, estimator,
    format_failures, length_axis, fitted_to, n_buckets, accuracy_is, one_answer_share, two_answer_share, failure_mode
