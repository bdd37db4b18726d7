{% set keys = ["task", "condition_id", "model_family", "reference_model_id", "length_axis", "decomposition"] %}

with

groups as (
    select
        *,
        max(group_rank) over (partition by {{ keys | join(", ") }}) as last_rank
    from {{ ref("int_incoherence_by_model_scale") }}
    where decomposition = 'kl' and grouped_by = 'reference_length'
),

-- ln of hard over easy, over ln N: its slope is the difference of the two slopes, and the same models pair the points.
models as (
    select
        {{ keys | join(", ") }},
        model_id,
        param_count,
        max(incoherence) filter (where group_rank = last_rank)
        / nullif(max(incoherence) filter (where group_rank = 1), 0) as hard_over_easy
    from groups
    where last_rank > 1
    group by {{ keys | join(", ") }}, model_id, param_count
),

fits as (
    {{ log_log_fit("models", "param_count", "hard_over_easy", keys) }}
)

select
    'scale_helps_easy_not_hard' as finding,
    task,
    cast(null as varchar) as problem_id,
    reference_model_id as model_id,
    condition_id,
    cast(null as double) as temperature,
    length_axis,
    decomposition,
    'log-log slope of incoherence over parameters on the longest items minus that on the shortest' as statistic_name,
    slope as statistic,
    slope_ci_low as statistic_ci_low,
    slope_ci_high as statistic_ci_high,
    n_points as n,
    'over the sizes of ' || model_family || ', incoherence on the items of longest reasoning rises against that on the '
    || 'shortest as the power ' || {{ in_words("slope") }} || ' of the number of parameters '
    || {{ interval_in_words("slope_ci_low", "slope_ci_high", "n_points", "models") }} as told
from fits
