{% set keys = pool_keys() + ["decomposition"] %}
{% set group = (keys + ["measure"]) | join(", ") %}
{#
  What is fitted, and what one item adds to the logarithm of it: its share of a mean less 1, of a ratio less the other
  share.
#}
{% set measures = {
    "error": "items.error / sizes.error - 1",
    "bias_sq_unbiased": "items.bias_sq_unbiased / sizes.bias_sq_unbiased - 1",
    "variance_unbiased": "items.variance_unbiased / sizes.variance_unbiased - 1",
    "incoherence_unbiased": "items.variance_unbiased / sizes.variance_unbiased - items.error / sizes.error",
} %}

with

items as (
    select * from {{ ref("int_ensemble_items") }}
),

sizes as (
    select * from {{ ref("int_ensembling") }}
),

measures as (
    {% for measure in measures %}
        select
            {{ keys | join(", ") }},
            ensemble_size,
            '{{ measure }}' as measure,
            {{ measure }} as measured
        from sizes
        {{ "union all" if not loop.last }}
    {% endfor %}
),

fits as (
    {{ log_log_fit("measures", "ensemble_size", "measured", keys + ["measure"], floor=var("zero_error")) }}
),

-- The points of a fit are means over the same items and ensembles of the same answers, so that the residuals do not say
-- how far the slope is off. Items are independent: the interval is the linearised one of the slope as a function of
-- their means.
entering as (
    select
        {{ group }},
        ensemble_size,
        ln(ensemble_size) - avg(ln(ensemble_size)) over (partition by {{ group }}) as from_mean
    from measures
    where measured > {{ var("zero_error") }}
),

leverages as (
    select
        {{ group }},
        ensemble_size,
        from_mean / nullif(sum(pow(from_mean, 2)) over (partition by {{ group }}), 0) as leverage
    from entering
),

shares as (
    {% for measure, share in measures.items() %}
        select
            {{ columns_of("items", keys) }},
            items.item_id,
            items.ensemble_size,
            '{{ measure }}' as measure,
            {{ share }} as share
        from items
        inner join sizes using ({{ keys | join(", ") }}, ensemble_size)
        {{ "union all" if not loop.last }}
    {% endfor %}
),

influences as (
    select
        {{ group }},
        item_id,
        sum(leverage * share) as influence
    from shares
    inner join leverages using ({{ group }}, ensemble_size)
    group by {{ group }}, item_id
),

spreads as (
    select
        {{ group }},
        count(*) as n_items,
        sqrt(sum(pow(influence, 2)) / count(*) / nullif(count(*) - 1, 0)) as standard_error
    from influences
    group by {{ group }}
),

intervals as (
    select
        {{ group }},
        n_items,
        {{ t_quantile("quantiles.t_975", "n_items - 1") }} * standard_error as half_width
    from spreads
    left join {{ ref("student_t_975") }} as quantiles on quantiles.degrees_of_freedom = spreads.n_items - 1
)

select
    {{ group }},
    slope,
    slope - half_width as slope_ci_low,
    slope + half_width as slope_ci_high,
    intercept,
    r2,
    n_points,
    n_dropped,
    coalesce(n_items, 0) as n_items
from fits
left join intervals using ({{ group }})
