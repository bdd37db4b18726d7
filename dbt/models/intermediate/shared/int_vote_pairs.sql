{% set pair = (model_pair_keys() + ["item_id"]) | join(", ") %}

with

pairs as (
    select * from {{ ref("int_pool_pairs") }}
    where compared = 'models'
),

votes as (
    select * from {{ ref("int_item_votes") }}
    where vote_pattern is not null and n_samples >= {{ var("mixed_votes") | min }}
),

wrong as (
    select
        {{ pair }},
        -- What both models gave a wrong answer, in one number.
        {{ joined_descending("n_samples * 1000000 + other_n_samples") }} as wrong_votes
    from {{ ref("int_vote_pair_answers") }}
    group by {{ pair }}
)

select
    {{ columns_of("pairs", model_pair_keys()) }},
    votes.item_id,
    {% for side, of in {"": "votes", "other_": "others"}.items() %}
        {{ of }}.n_samples as {{ side }}n_samples,
        {{ of }}.n_right as {{ side }}n_right,
        {{ of }}.n_blank as {{ side }}n_blank,
    {% endfor %}
    concat(
        votes.n_right, ' and ', others.n_right, ' right, ', votes.n_blank, ' and ', others.n_blank, ' blank, ',
        coalesce(wrong.wrong_votes, '0'), ' wrong'
    ) as vote_pattern
from pairs
{{ join_both_pools("pairs", "votes", also=["item_id"]) }}
left join wrong
    on
        pairs.task = wrong.task
        and pairs.condition_id = wrong.condition_id
        and pairs.model_id = wrong.model_id
        and pairs.other_model_id = wrong.other_model_id
        and votes.item_id = wrong.item_id
