{#
  Per pair, side and item the moments that its series has: of the matched side as many as the item's answers allow, of the other the
  first, as nothing of it is shifted.
#}
{% set pair = pair_keys() | join(", ") %}

with

pairs as (
    select * from {{ ref("int_matched_pairs") }}
),

moments as (
    select * from {{ ref("int_matched_moments") }}
),

sides as (
    {% for side in ["", "other_"] %}
        select
            {{ columns_of("pairs", pair_keys()) }},
            pairs.is_other_matched = {{ "true" if side else "false" }} as is_shifted,
            moments.item_id,
            moments.k,
            moments.right_moment,
            moments.right_sq_moment,
            moments.wrong_sq_moment
        from pairs
        inner join moments
            on
                pairs.task = moments.task
                and pairs.{{ side }}model_id = moments.model_id
                and pairs.{{ side }}condition_id = moments.condition_id
        where moments.k = 0 or pairs.is_other_matched = {{ "true" if side else "false" }}
        {{ "union all" if not loop.last }}
    {% endfor %}
)

select * from sides
qualify count(*) filter (where k = 0) over (partition by {{ pair }}, item_id) = 2
