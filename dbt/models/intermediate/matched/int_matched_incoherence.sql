{#
  Corrected Brier incoherence of a pair of pools, as it is and with the more accurate one matched; the interval of the matched
  difference is a sandwich over items. With R of the matched pool at shift u, and dR/da its slope over accuracy (over a small
  step), an item moves R by (v − R e) / Σe less dR/da times what its accuracies differ by over n: the shift is estimated too.
#}
{% set pair = pair_keys() | join(", ") %}
{% set cluster = cluster_of("item_id") %}

with

pairs as (
    select
        *,
        {{ root_odds("shift") }} as root_odds
    from {{ ref("int_matched_pairs") }}
    inner join {{ ref("int_matched_shifts") }} using ({{ pair }})
),

items as (
    select
        series.*,
        clusters.cluster_id,
        2 * (1 - series.accuracy) as error,
        1 - series.squares as variance
    from {{ ref("int_matched_series") }} as series
    inner join {{ ref("int_item_clusters") }} as clusters using (task, item_id)
),

totals as (
    select
        {{ pair }},
        variant,
        avg(accuracy) as accuracy,
        avg(rest) as rest,
        sum(error) as total_error,
        case when sum(error) > {{ var("zero_error") }} * count(*) then sum(variance) / sum(error) end as ratio
    from items
    group by {{ pair }}, variant
),

estimates as (
    select
        {{ pair }},
        {% for variant in ["unmatched", "plain", "matched"] %}
            max(ratio) filter (where variant = '{{ variant }}') as {{ variant }}_ratio,
        {% endfor %}
        max(rest) filter (where variant = 'matched') as rest,
        (max(ratio) filter (where variant = 'above') - max(ratio) filter (where variant = 'below'))
        / nullif(max(accuracy) filter (where variant = 'above') - max(accuracy) filter (where variant = 'below'), 0)
            as slope
    from totals
    group by {{ pair }}
),

influences as (
    select
        {{ pair }},
        items.{{ cluster }},
        sum(
            case when items.variant = 'matched' then 1 else -1 end
            * (
                (items.variance - totals.ratio * items.error) / totals.total_error
                - estimates.slope * items.accuracy / pairs.n_items
            )
        ) as influence
    from items
    inner join totals using ({{ pair }}, variant)
    inner join estimates using ({{ pair }})
    inner join pairs using ({{ pair }})
    where items.variant in ('matched', 'unmatched')
    group by {{ pair }}, items.{{ cluster }}
),

intervals as (
    with {{ sandwich_interval("estimates", "influences", pair_keys(), "n_units", 1) }}
),

noted as (
    select
        pairs.*,
        intervals.unmatched_ratio,
        intervals.plain_ratio,
        intervals.matched_ratio,
        intervals.half_width,
        case
            when {{ steady("pairs.n_always_wrong") }} < {{ var("min_wrong_items") }} then 'too_few_errors'
            when {{ steady("intervals.rest") }} > 1e-2 then 'accuracies_too_far'
            when intervals.half_width is null then 'one_item'
            when intervals.half_width < 1e-12 then 'no_spread'
        end as matched_note
    from pairs
    inner join intervals using ({{ pair }})
)

select
    {{ pair }},
    n_items,
    accuracy,
    other_accuracy,
    is_other_matched,
    case when is_other_matched then unmatched_ratio else plain_ratio end as incoherence_unbiased,
    case when is_other_matched then plain_ratio else unmatched_ratio end as other_incoherence_unbiased,
    case when matched_note is null then pow(root_odds, 2) end as odds_factor,
    case when matched_note is null then matched_ratio end as matched_incoherence,
    case when matched_note is null then half_width end as half_width,
    case
        when matched_note is null and is_other_matched then matched_ratio - unmatched_ratio
        when matched_note is null then unmatched_ratio - matched_ratio
    end as matched_difference,
    matched_note
from noted
