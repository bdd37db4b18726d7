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

-- The same fits by the other metrics of the pools, beside.
analysed as (
    select
        slopes.*,
        slopes.decomposition = told_of.decomposition as is_told
    from slopes
    inner join told_of using (task, condition_id, slope_over, length_axis, fit_id)
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
    n_contexts,
    share_from_contexts,
    cost_usd_per_sample,
    interval_note,
    {{ without_precondition() }},
    {{
        words(
            metric_in_words(), "' goes as the power '", in_words("slope"), "' of '", "replace(length_axis, '_', ' ')", "' '",
            interval_in_words("slope_ci_low", "slope_ci_high", "n_items", "'items'"),
            "case when fit_scope = 'all_models' then coalesce(one_by_one, '') else '' end",
        )
    }} as told,
    fit_id,
    is_told,
    {{ without_columns("problem_id", "temperature") }}
from analysed
left join single_models using ({{ fit }})
