with

judged as (
    select * from {{ ref("int_findings") }}
),

analyses as (
    select
        analyses.told_id,
        count(*) as n_analyses,
        count(*) filter (where analyses.verdict = judged.verdict) as n_same_verdict
    from {{ ref("int_multiverse") }} as analyses
    inner join judged using (told_id)
    group by analyses.told_id
),

conditions as (
    select * from {{ ref("dim_condition") }}
),

-- Those from a baseline, of the decomposition that is told: fig_contrasts has all.
contrasts as (
    select
        *,
        {{ contrast_verdict() }} as verdict
    from ({{ contrast_rows() }})
    where is_main_decomposition and is_from_baseline
),

worded as (
    select
        judged.*,
        analyses.n_analyses,
        analyses.n_same_verdict,
        {{ subject_in_words() }} as subject,
        {{ condition_in_words() }} as told_condition
    from judged
    left join conditions on judged.condition_id = conditions.condition_id
    left join analyses using (told_id)
),

told as (
    select
        finding,
        title,
        kind,
        task,
        problem_id,
        model_id,
        fit_id,
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
        n_more_contexts,
        {{ cost_of_more("n_more") }} as cost_usd_more,
        {{ cost_of_more("n_more_samples_per_item") }} as cost_usd_more_samples,
        {{ cost_of_more("n_more_contexts") }} as cost_usd_more_contexts,
        other_verdict,
        paper_shows,
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

    union all

    select
        'changing_a_setting' as finding,
        'What changing one setting does to the errors of a model' as title,
        'contrast' as kind,
        task,
        {{ without_columns("problem_id") }},
        model_id,
        concat(condition_id, ' → ', other_condition_id) as fit_id,
        1 as n_models,
        other_condition_id as condition_id,
        {{ without_columns("temperature", "length_axis") }},
        decomposition,
        verdict,
        'change of incoherence' as statistic_name,
        incoherence_unbiased_difference as statistic,
        incoherence_unbiased_difference_ci_low as statistic_ci_low,
        incoherence_unbiased_difference_ci_high as statistic_ci_high,
        {{ nulls("double", "p_value", "p_adjusted") }},
        n_items as n,
        'items' as n_unit,
        {{ nulls("bigint", "n_more", "n_more_samples_per_item", "n_more_contexts") }},
        {{ nulls("double", "cost_usd_more", "cost_usd_more_samples", "cost_usd_more_contexts") }},
        {{ nulls("string", "other_verdict", "paper_shows") }},
        {{ nulls("bigint", "n_analyses", "n_same_verdict") }},
        {{ nulls("double", "share_same_verdict") }},
        is_simulated,
        {{ contrast_sentence() }} as sentence
    from contrasts
)

select * from told
order by finding, task, problem_id, model_id, condition_id, temperature
