{#
  Pairs of pools on the items that both answered often enough: the more accurate one is matched, down to the accuracy of the
  other, since few samples say little about answers that are to become more frequent.
#}
{% set pair = pair_keys() | join(", ") %}

with

pairs as (
    select * from {{ ref("int_pool_pairs") }}
),

items as (
    select * from {{ ref("int_matched_moments") }}
    where k = 0
),

shared as (
    select
        {{ columns_of("pairs", pair_keys()) }},
        items.right_moment as accuracy,
        others.right_moment as other_accuracy
    from pairs
    {{ join_both_pools("pairs", "items", also=["item_id"]) }}
),

means as (
    select
        {{ pair }},
        count(*) as n_items,
        avg(accuracy) as accuracy,
        avg(other_accuracy) as other_accuracy
    from shared
    group by {{ pair }}
)

select
    {{ pair }},
    n_items,
    accuracy,
    other_accuracy,
    -- Of two that are as accurate it is the first, whatever the order in which a mean was made.
    other_accuracy - accuracy > 1e-9 as is_other_matched,
    least(accuracy, other_accuracy) as target_accuracy,
    n_items * (1 - greatest(accuracy, other_accuracy)) as n_always_wrong
from means
