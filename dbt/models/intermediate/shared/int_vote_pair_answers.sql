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
    select * from {{ ref("int_item_outcomes") }}
    where outcome = 'wrong_answer'
),

shared as (
    select {{ columns_of("pairs", model_pair_keys()) }}, votes.item_id
    from pairs
    {{ join_both_pools("pairs", "votes", also=["item_id"]) }}
),

chosen as (
    {% for side in ["", "other_"] %}
        select
            {{ columns_of("shared", model_pair_keys() + ["item_id"]) }},
            wrong.predicted_index,
            {{ "wrong.n_samples" if side == "" else "0" }} as n_samples,
            {{ "wrong.n_samples" if side else "0" }} as other_n_samples
        from shared
        inner join wrong
            on
                shared.task = wrong.task
                and shared.condition_id = wrong.condition_id
                and shared.{{ side }}model_id = wrong.model_id
                and shared.item_id = wrong.item_id
        {{ "union all" if not loop.last }}
    {% endfor %}
)

select
    {{ pair }},
    predicted_index,
    cast(sum(n_samples) as bigint) as n_samples,
    cast(sum(other_n_samples) as bigint) as other_n_samples
from chosen
group by {{ pair }}, predicted_index
