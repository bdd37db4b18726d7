{% set keys = ["task", "condition_id", "model_family", "reference_model_id", "length_axis", "decomposition"] %}

with

simulated as (
    select
        model_family,
        bool_or(is_simulated) as is_simulated
    from {{ ref("int_models") }}
    group by model_family
),

groups as (
    select
        *,
        max(group_rank) over (partition by {{ keys | join(", ") }}) as last_rank
    from {{ ref("int_incoherence_by_model_scale") }}
    where grouped_by = 'reference_length'
),

models as (
    select
        {{ keys | join(", ") }},
        is_main_decomposition,
        model_id,
        param_count,
        max(incoherence_unbiased) filter (where group_rank = 1) as easy,
        max(incoherence_unbiased) filter (where group_rank = last_rank) as hard
    from groups
    where last_rank > 1
    group by {{ keys | join(", ") }}, is_main_decomposition, model_id, param_count
),

-- ln of hard over easy, over ln N: its slope is the difference of the two slopes, from the models that have both.
measures as (
    {% for measure, expression in {
        "easy": "case when hard > 0 then easy end",
        "hard": "case when easy > 0 then hard end",
        "hard_over_easy": "case when easy > 0 then hard / easy end",
    }.items() %}
        select
            {{ keys | join(", ") }},
            is_main_decomposition,
            param_count,
            '{{ measure }}' as measure,
            {{ expression }} as measured
        from models
        {{ "union all" if not loop.last }}
    {% endfor %}
),

fits as (
    {{ log_log_fit("measures", "param_count", "measured", keys + ["is_main_decomposition", "measure"]) }}
),

slopes as (
    select
        {{ keys | join(", ") }},
        max(slope) filter (where measure = 'easy') as easy_slope,
        max(slope_ci_low) filter (where measure = 'easy') as easy_slope_ci_low,
        max(slope_ci_high) filter (where measure = 'easy') as easy_slope_ci_high,
        max(slope) filter (where measure = 'hard') as hard_slope
    from fits
    group by {{ keys | join(", ") }}
),

differences as (
    select * from fits
    inner join slopes using ({{ keys | join(", ") }})
    where measure = 'hard_over_easy'
)

select
    'scale_helps_easy_not_hard' as finding,
    task,
    condition_id,
    length_axis,
    decomposition,
    n_points as n_models,
    is_simulated,
    'log-log slope of incoherence over parameters on the longest items minus that on the shortest' as statistic_name,
    slope as statistic,
    slope_ci_low as statistic_ci_low,
    slope_ci_high as statistic_ci_high,
    cast(n_points - 2 as double) as degrees_of_freedom,
    n_points as n,
    'sizes' as n_unit,
    case when slope_ci_low is null then 'no_fit' end as interval_note,
    model_family as fit_id,
    is_main_decomposition as is_told,
    -- Hard items that get worse while easy ones stay as they are make no model more coherent.
    {{ verdict("easy_slope_ci_low", "easy_slope_ci_high", var("negligible_slope"), "'negative'") }} as precondition,
    {{
        reach(
            "easy_slope", standard_error_of("easy_slope_ci_low", "easy_slope_ci_high", "(n_points - 2)"), var("negligible_slope")
        )
    }} as precondition_reach,
    cast(n_points - 2 as double) as precondition_freedom,
    {{
        words(
            "'over the sizes of '", "model_family", "', '", metric_in_words(),
            "' on the items of shortest reasoning goes as the power '", in_words("easy_slope"),
            "' of the number of parameters '",
            interval_in_words("easy_slope_ci_low", "easy_slope_ci_high", "n_points", "'sizes'"),
            "', on those of longest as the power '", in_words("hard_slope"), "', a difference of '", in_words("slope"), "' '",
            interval_in_words("slope_ci_low", "slope_ci_high", "n_points", "'sizes'"),
        )
    }} as told,
    {{
        without_columns(
            "problem_id", "model_id", "temperature", "n_wrong_items", "mean_samples", "share_from_samples", "n_contexts", "share_from_contexts",
            "cost_usd_per_sample"
        )
    }}
from differences
left join simulated using (model_family)
