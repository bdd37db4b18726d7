{% set fit = ["task", "condition_id", "decomposition", "slope_over", "length_axis"] | join(", ") %}

with

slopes as (
    select * from {{ ref("int_slope_verdicts") }}
    where slope_over = 'reasoning_length'
),

headlines as (
    select * from slopes
    where is_headline
),

-- Told of all models of a task at once, where there are several: one verdict that each of them adds to.
told_of as (
    select * from headlines
    qualify
        fit_scope = 'all_models'
        or count(*) filter (where fit_scope = 'all_models') over (partition by {{ fit }}) = 0
),

single_models as (
    select
        {{ fit }},
        {{
            words(
                "'; one by one they go from '", in_words("min(slope)"), "' to '", in_words("max(slope)"), "', and it holds for '",
                "count(*) filter (where verdict = 'holds')", "' of '", "count(*)",
            )
        }} as one_by_one
    from headlines
    where fit_scope = 'model'
    group by {{ fit }}
),

-- The same fit by the other metrics of the pool.
others as (
    select
        task,
        condition_id,
        length_axis,
        fit_id,
        decomposition as other_decomposition,
        verdict as other_verdict,
        {{ words(in_words("slope"), "' '", ends_in_words("slope_ci_low", "slope_ci_high")) }} as other_told
    from slopes
    where not is_headline
)

select
    'longer_reasoning_more_incoherent' as finding,
    task,
    case when fit_scope = 'model' then fit_id end as model_id,
    condition_id,
    length_axis,
    decomposition,
    n_models,
    is_simulated,
    'slope of log incoherence over log length, between items' as statistic_name,
    slope as statistic,
    slope_ci_low as statistic_ci_low,
    slope_ci_high as statistic_ci_high,
    degrees_of_freedom,
    n_items as n,
    'items' as n_unit,
    n_wrong_items,
    mean_samples,
    share_from_samples,
    cost_usd_per_sample,
    interval_note,
    'holds' as precondition,
    {{
        words(
            metric_in_words(), "' goes as the power '", in_words("slope"), "' of '", "replace(length_axis, '_', ' ')", "' '",
            interval_in_words("slope_ci_low", "slope_ci_high", "n_items", "'items'"),
            "case when fit_scope = 'all_models' then coalesce(one_by_one, '') else '' end",
        )
    }} as told,
    other_verdict,
    case
        when other_verdict is not null
            then {{ words("'by '", metric_in_words("other_decomposition"), "' '", "other_told") }}
    end as other_told,
    {{ without_columns("problem_id", "temperature") }}
from told_of
left join single_models using ({{ fit }})
left join others using (task, condition_id, length_axis, fit_id)
qualify
    row_number() over (
        partition by {{ fit }}, fit_id order by other_decomposition in ('kl', 'brier') desc, other_decomposition asc
    ) = 1
