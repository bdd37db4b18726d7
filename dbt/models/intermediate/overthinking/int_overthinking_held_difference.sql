{% set pool = ["task", "condition_id", "decomposition", "length_axis"] %}

with

halves as (
    select
        {{ item_keys() | join(", ") }},
        decomposition,
        length_axis,
        half as side,
        accuracy,
        error,
        variance_unbiased as variance
    from {{ ref("int_overthinking_accuracy_held") }}
),

fitted as (
    {{ each_and_all_models("halves", pool) }}
),

accuracies as (
    select
        {{ pool | join(", ") }},
        fit_id,
        avg(case when side = 'shorter' then accuracy end) as accuracy_shorter,
        avg(case when side = 'longer' then accuracy end) as accuracy_longer
    from fitted
    group by {{ pool | join(", ") }}, fit_id
),

differences as (
    {{ pooled_contrast("fitted", pool + ["fit_id"], "item_id", longer_less_shorter()) }}
),

counted as (
    select
        *,
        {{ wrong_items_of(longer_less_shorter()) }} as n_wrong_items
    from differences
),

judged as (
    select
        *,
        {{ no_sandwich("n_wrong_items") }} as interval_note
    from counted
)

select
    {{ pool | join(", ") }},
    fit_id,
    n_models,
    n_units as n_items,
    accuracy_shorter,
    accuracy_longer,
    incoherence_shorter,
    incoherence_longer,
    statistic as difference,
    case when interval_note is null then statistic - half_width end as difference_ci_low,
    case when interval_note is null then statistic + half_width end as difference_ci_high,
    degrees_of_freedom,
    n_wrong_items,
    interval_note
from judged
inner join accuracies using ({{ pool | join(", ") }}, fit_id)
