{% set margin = var("negligible_slope") %}

with

slopes as (
    select
        *,
        {{ normal_quantile("(slope / standard_error)", "degrees_of_freedom") }} as z,
        {{ verdict("slope_ci_low", "slope_ci_high", margin) }} as verdict,
        {{ reach("slope", "standard_error", margin) }} as reach
    from {{ ref("int_slopes") }}
),

freed as (
    select
        *,
        {{ inverse_freedom_needed("degrees_of_freedom") }} as inverse_freedom
    from slopes
),

grown as (
    select
        *,
        case
            when verdict <> 'cannot_tell' then null
            when standard_error is not null then {{ needed_growth() }}
            -- First of all an interval: as many wrong answers as that takes.
            when interval_note = 'too_few_errors' then {{ var("min_wrong_items") }} / n_wrong_items
        end as growth
    from freed
)

select
    {{ slope_keys() | join(", ") }},
    fit_scope,
    is_headline,
    n_models,
    n_items,
    n_effective,
    n_wrong_items,
    is_simulated,
    mean_samples,
    cost_usd_per_sample,
    slope,
    slope_ci_low,
    slope_ci_high,
    degrees_of_freedom,
    interval_note,
    share_from_samples,
    n_contexts,
    share_from_contexts,
    verdict,
    {{ two_sided("z") }} as p_value,
    {{ needed_more("n_items", "n_more_items") }}
from grown
