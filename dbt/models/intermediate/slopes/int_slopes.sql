{% set group = slope_keys() | join(", ") %}

with

influences as (
    select * from {{ ref("int_slope_influences") }}
),

-- Of items as a whole: what leaving a context out does to half an item is not known.
contexts as (
    select
        *,
        'reasoning_length' as slope_over
    from {{ ref("int_item_contexts") }}
),

slopes as (
    {{ log_slopes("influences", slope_keys(), "contexts") }}
),

metrics as (
    select * from {{ ref("int_pool_metrics") }}
),

models as (
    select * from {{ ref("int_models") }}
),

noises as (
    select * from {{ ref("int_slope_noise") }}
),

-- A pooled slope is what is shown where it is so for each of its models.
shown as (
    select
        {{ group }},
        bool_and(
            decomposition = main_decomposition and (length_axis = main_length_axis or slope_over = 'parameters')
        ) as is_headline,
        bool_or(is_simulated) as is_simulated,
        avg(mean_samples) as mean_samples,
        avg(cost_usd_per_sample) as cost_usd_per_sample
    from influences
    inner join metrics using ({{ pool_keys() | join(", ") }})
    inner join models using (model_id)
    group by {{ group }}
),

counted as (
    select
        *,
        total_error / ({{ always_wrong() }}) / case when slope_over = 'within_item' then 2 else 1 end as n_wrong_items
    from slopes
    inner join shown using ({{ group }})
),

judged as (
    select
        *,
        case
            when slope is null then 'no_fit'
            -- A few sizes that scatter around a law say less than their items do (benchmarks/slope_coverage.py).
            when slope_over = 'parameters' then 'sizes_are_few'
            else {{ no_sandwich("n_wrong_items") }}
        end as interval_note
    from counted
)

select
    {{ group }},
    case
        when slope_over = 'parameters' then 'family'
        when fit_id = 'all models' then 'all_models'
        else 'model'
    end as fit_scope,
    is_headline,
    n_models,
    n_items,
    n_effective,
    n_wrong_items,
    is_simulated,
    mean_samples,
    cost_usd_per_sample,
    slope,
    case when interval_note is null then slope - half_width end as slope_ci_low,
    case when interval_note is null then slope + half_width end as slope_ci_high,
    case when interval_note is null then standard_error end as standard_error,
    case when interval_note is null then degrees_of_freedom end as degrees_of_freedom,
    interval_note,
    coalesce(n_contexts, 0) as n_contexts,
    case when interval_note is null then share_from_contexts end as share_from_contexts,
    case
        when interval_note is null and sample_noise is not null
            then least(sample_noise / influence_sq, 1e0) * (1 - share_from_contexts)
    end as share_from_samples
from judged
left join noises using ({{ group }})
