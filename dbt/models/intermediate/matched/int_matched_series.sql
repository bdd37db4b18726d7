{#
  Per pair, variant and item what the series come to: the less accurate pool as it is (unmatched), the more accurate one as it is
  (plain), matched, and a small step to either side of that.
#}
{% set pair = pair_keys() | join(", ") %}
{% set step = "1e-4" %}

with

pairs as (
    select
        *,
        {{ root_odds("shift") }} as root_odds
    from {{ ref("int_matched_pairs") }}
    inner join {{ ref("int_matched_shifts") }} using ({{ pair }})
),

variants as (
    {% for name, is_shifted, shift in [
        ("unmatched", "false", "0e0"), ("plain", "true", "0e0"), ("matched", "true", "shift"),
        ("below", "true", "shift + " ~ step), ("above", "true", "shift - " ~ step),
    ] %}
        select
            {{ pair }},
            '{{ name }}' as variant,
            {{ is_shifted }} as is_shifted,
            {{ shift }} as shift,
            {{ root_odds("(" ~ shift ~ ")") }} as root_odds
        from pairs
        {{ "union all" if not loop.last }}
    {% endfor %}
)

select
    {{ pair }},
    variant,
    item_id,
    2 * root_odds * sum({{ series_weight("shift", "k") }} * right_moment) as accuracy,
    2 / pow(root_odds, 2) * sum(
        {{ series_weight("shift", "k") }} * (k + (1 + pow(root_odds, 2)) / (2 * root_odds))
        * (pow(root_odds, 4) * right_sq_moment + wrong_sq_moment)
    ) as squares,
    {{ series_rest("shift", "max(k)") }} as rest
from {{ ref("int_matched_sides") }}
inner join variants using ({{ pair }}, is_shifted)
where k = 0 or shift <> 0
group by {{ pair }}, variant, item_id, shift, root_odds
