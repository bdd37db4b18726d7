{% set pair = (model_pair_keys() + ["item_id"]) | join(", ") %}

with

pairs as (
    select * from {{ ref("int_vote_pairs") }}
),

majorities as (
    select * from {{ ref("int_item_reliability") }}
    where k in ({{ var("mixed_votes") | join(", ") }}) and majority_at_k is not null
),

mixed as (
    select * from {{ ref("int_mixed_votes") }}
),

clusters as (
    select * from {{ ref("int_item_clusters") }}
)

select
    {{ columns_of("pairs", model_pair_keys() + ["item_id"]) }},
    clusters.cluster_id,
    majorities.k as n_votes,
    majorities.majority_at_k as majority,
    others.majority_at_k as other_majority,
    -- Patterns that never win have no row.
    coalesce(mixed.mixed_majority, 0e0) as mixed_majority,
    coalesce(mixed.mixed_majority, 0e0) - majorities.majority_at_k as mixed_difference,
    coalesce(mixed.mixed_majority, 0e0) - others.majority_at_k as other_mixed_difference
from pairs
{% for side, of in {"": "majorities", "other_": "others"}.items() %}
    inner join majorities{{ " as others" if side }}
        on
            pairs.task = {{ of }}.task
            and pairs.condition_id = {{ of }}.condition_id
            and pairs.{{ side }}model_id = {{ of }}.model_id
            and pairs.item_id = {{ of }}.item_id
            {{ "and majorities.k = others.k" if side }}
{% endfor %}
left join mixed on pairs.vote_pattern = mixed.vote_pattern and majorities.k = mixed.n_votes
inner join clusters on pairs.task = clusters.task and pairs.item_id = clusters.item_id
