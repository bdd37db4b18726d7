{% set keys = ["task", "condition_id", "fit_id"] + multiverse_ways() %}
{% set bucketed = keys + ["n_buckets"] %}
{% set level = (bucketed + ["model_id"]) | join(", ") %}
{% set group = keys | join(", ") %}

with

units as (
    select * from {{ ref("int_multiverse_units") }}
),

influences as (
    {{ log_slope_influences("units", keys) }}
),

-- What leaving a context out does is known of the way that findings are told by alone.
contexts as (
    select
        *,
        {{ delta_of_kl(var("kl_delta")) }} as kl_delta,
        'included' as format_failures,
        'corrected' as estimator
    from {{ ref("int_item_contexts") }}
),

slopes as (
    {{ log_slopes("influences", keys, "contexts", item_keys() + multiverse_ways()[:4]) }}
),

noted as (
    select
        *,
        {{ no_sandwich("total_error / (" ~ always_wrong(delta="kl_delta") ~ ")") }} as interval_note
    from slopes
),

intervals as (
    select
        *,
        case when interval_note is null then slope - half_width end as slope_ci_low,
        case when interval_note is null then slope + half_width end as slope_ci_high
    from noted
),

ranked as (
    select
        *,
        row_number() over (partition by {{ group }}, model_id order by mean_length asc, item_id asc) as position,
        count(*) over (partition by {{ group }}, model_id) as n_model_items
    from units
),

cut as (
    {% for n_buckets in var("multiverse_buckets") %}
        select
            *,
            cast({{ n_buckets }} as bigint) as n_buckets,
            {{ equal_count_bucket("position", "n_model_items", n_buckets) }} as bucket
        from ranked
        where n_model_items >= {{ n_buckets }}
        {{ "union all" if not loop.last }}
    {% endfor %}
),

points as (
    select
        {{ bucketed | join(", ") }},
        model_id,
        bucket,
        avg(mean_length) as mean_length,
        sum(variance) / nullif(sum(error), 0) as ratio
    from cut
    group by {{ bucketed | join(", ") }}, model_id, bucket
    having sum(variance) > {{ var("zero_error") }} and sum(error) > {{ var("zero_error") }}
),

-- Each model relative to its own level, as the slopes over items have it.
levelled as (
    select
        {{ bucketed | join(", ") }},
        mean_length / exp(avg(ln(mean_length)) over (partition by {{ level }})) as mean_length,
        ratio / exp(avg(ln(ratio)) over (partition by {{ level }})) as ratio
    from points
),

fits as (
    {{ log_log_fit("levelled", "mean_length", "ratio", bucketed) }}
)

{% for fitted_to, relation in {"items": "intervals", "buckets": "fits"}.items() %}
    select
        'longer_reasoning_more_incoherent' as finding,
        {{ group }},
        '{{ fitted_to }}' as fitted_to,
        {{ "n_buckets" if fitted_to == "buckets" else "cast(null as bigint) as n_buckets" }},
        {{ "n_points" if fitted_to == "buckets" else "n_items" }} as n,
        'holds' as precondition,
        slope as statistic,
        slope_ci_low as statistic_ci_low,
        slope_ci_high as statistic_ci_high
    from {{ relation }}
    {{ "union all" if not loop.last }}
{% endfor %}
