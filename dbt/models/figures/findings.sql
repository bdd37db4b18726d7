with

judged as (
    select * from {{ ref("int_findings") }}
),

analyses as (
    select
        finding,
        task,
        condition_id,
        coalesce(model_id, '') as told_model,
        verdict,
        count(*) as n_same,
        sum(count(*)) over (partition by finding, task, condition_id, coalesce(model_id, '')) as n_analyses
    from {{ ref("int_multiverse") }}
    group by finding, task, condition_id, coalesce(model_id, ''), verdict
),

totals as (
    select distinct
        finding,
        task,
        condition_id,
        told_model,
        n_analyses
    from analyses
),

conditions as (
    select * from {{ ref("dim_condition") }}
),

worded as (
    select
        judged.*,
        cast(totals.n_analyses as bigint) as n_analyses,
        case when totals.n_analyses is not null then coalesce(analyses.n_same, 0) end as n_same_verdict,
        {{ subject_in_words() }} as subject,
        {{ condition_in_words() }} as told_condition
    from judged
    left join conditions on judged.condition_id = conditions.condition_id
    left join totals
        on
            judged.finding = totals.finding
            and judged.task = totals.task
            and judged.condition_id = totals.condition_id
            and coalesce(judged.model_id, '') = totals.told_model
    left join analyses
        on
            judged.finding = analyses.finding
            and judged.task = analyses.task
            and judged.condition_id = analyses.condition_id
            and coalesce(judged.model_id, '') = analyses.told_model
            and judged.verdict = analyses.verdict
)

select
    finding,
    title,
    kind,
    task,
    problem_id,
    model_id,
    n_models,
    condition_id,
    temperature,
    length_axis,
    decomposition,
    verdict,
    statistic_name,
    statistic,
    statistic_ci_low,
    statistic_ci_high,
    p_value,
    p_adjusted,
    n,
    n_unit,
    n_more,
    n_more_samples_per_item,
    n_more * mean_samples * n_models * cost_usd_per_sample as cost_usd_more,
    n * n_more_samples_per_item * n_models * cost_usd_per_sample as cost_usd_more_samples,
    other_verdict,
    n_analyses,
    n_same_verdict,
    n_same_verdict / cast(n_analyses as double) as share_same_verdict,
    coalesce(is_simulated, false) as is_simulated,
    {{
        words(
            verdict_words("verdict"), "' for '", "subject", "' on '", "task", "told_condition", "': '", "told",
            "case when interval_note is null then '' else concat('; ', " ~ note_in_words("interval_note") ~ ") end",
            "case when n < min_n then concat('; fewer than ', min_n, ' ', n_unit, ' are too few to tell') else '' end",
            other_in_words(), analyses_in_words(), needs_in_words(), chance_in_words(), "'.'",
        )
    }} as sentence
from worded
order by finding, task, problem_id, model_id, condition_id, temperature
