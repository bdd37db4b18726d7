{% set fit = ["task", "condition_id", "decomposition", "length_axis"] | join(", ") %}

with

differences as (
    select * from {{ ref("int_overthinking_held_difference") }}
),

plain as (
    select * from {{ ref("int_overthinking_difference") }}
),

metrics as (
    select * from {{ ref("int_pool_metrics") }}
),

models as (
    select * from {{ ref("int_models") }}
),

pools as (
    select
        task,
        condition_id,
        case when grouping(model_id) = 1 then 'all models' else model_id end as fit_id,
        bool_or(is_simulated) as is_simulated,
        min(main_length_axis) as length_axis,
        min(main_length_axis) = max(main_length_axis) as is_one_axis,
        case when min(main_decomposition) = max(main_decomposition) then min(main_decomposition) else 'brier' end
            as main_decomposition,
        avg(mean_samples) as mean_samples,
        avg(cost_usd_per_sample) as cost_usd_per_sample
    from metrics
    inner join models using (model_id)
    group by grouping sets ((task, condition_id, model_id), (task, condition_id))
),

headlines as (
    select
        *,
        fit_id = 'all models' as is_pooled
    from differences
    inner join pools using (task, condition_id, fit_id, length_axis)
    where is_one_axis
),

told_of as (
    select
        *,
        -- What is main is told; where it cannot be held at an accuracy (scores), what can.
        row_number() over (
            partition by task, condition_id, fit_id
            order by decomposition = main_decomposition desc, decomposition in ('brier', 'coverage') desc
        ) = 1 as is_told
    from headlines
    qualify is_pooled or count(*) filter (where is_pooled) over (partition by {{ fit }}) = 0
),

as_they_are as (
    select
        {{ fit }},
        case when grouping(model_id) = 1 then 'all models' else model_id end as fit_id,
        min(difference) as lowest,
        max(difference) as highest
    from plain
    group by grouping sets (({{ fit }}, model_id), ({{ fit }}))
)

select
    'overthinking_more_incoherent' as finding,
    task,
    case when not is_pooled then fit_id end as model_id,
    condition_id,
    length_axis,
    decomposition,
    n_models,
    is_simulated,
    'incoherence of an item''s longer samples minus that of its shorter ones, at the item''s own accuracy'
        as statistic_name,
    difference as statistic,
    difference_ci_low as statistic_ci_low,
    difference_ci_high as statistic_ci_high,
    degrees_of_freedom,
    n_items as n,
    'items' as n_unit,
    n_wrong_items,
    mean_samples,
    cost_usd_per_sample,
    interval_note,
    fit_id,
    is_told,
    {{ without_precondition() }},
    {{
        words(
            metric_in_words(), "' is '", level_in_words("incoherence_shorter"), "' where an item takes fewer '",
            "replace(length_axis, '_', ' ')", "' than its median and '", level_in_words("incoherence_longer"),
            "' where it takes more, a difference of '", in_words("difference"), "' '",
            interval_in_words("difference_ci_low", "difference_ci_high", "n_items", "'items'"),
            "', with accuracy held at the item''s own; the shorter samples are right '", share_in_words("accuracy_shorter"),
            "' of the time, the longer ones '", share_in_words("accuracy_longer"),
            "'; without holding it the difference is '", in_words("lowest"),
            "case when highest > lowest then " ~ words("' to '", in_words("highest"), "' (each model)'") ~ " else '' end",
        )
    }} as told,
    {{ without_columns("problem_id", "temperature", "share_from_samples", "n_contexts", "share_from_contexts") }}
from told_of
left join as_they_are using ({{ fit }}, fit_id)
