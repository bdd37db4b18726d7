{% set keys = pair_keys() + ["decomposition"] %}

with

pairs as (
    select * from {{ ref("int_pool_pairs") }}
),

items as (
    select * from {{ ref("int_item_decomposition") }}
    where decomposition not in ('zero_one', 'embedding')
),

sides as (
    {% for side in ["", "other_"] %}
        select
            {{ columns_of("pairs", pair_keys()) }},
            items.decomposition,
            items.item_id,
            '{{ side or "one" }}' as side,
            items.error,
            items.variance
        from pairs
        inner join items
            on
                pairs.task = items.task
                and pairs.{{ side }}model_id = items.model_id
                and pairs.{{ side }}condition_id = items.condition_id
        {{ "union all" if not loop.last }}
    {% endfor %}
),

differences as (
    {{ paired_difference("sides", keys, "item_id", "side", "'one'", "'other_'") }}
)

select
    {{ keys | join(", ") }},
    n_units as n_items,
    incoherence_1 as incoherence,
    incoherence_2 as other_incoherence,
    difference,
    difference_ci_low,
    difference_ci_high
from differences
order by {{ keys | join(", ") }}
