{% set keys = pair_keys() + ["decomposition"] %}
{% set means = ["accuracy", "error", "bias_sq", "variance"] %}

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
            items.accuracy,
            items.error,
            items.bias_sq,
            items.variance,
            items.variance_unbiased
        from pairs
        inner join items
            on
                pairs.task = items.task
                and pairs.{{ side }}model_id = items.model_id
                and pairs.{{ side }}condition_id = items.condition_id
        {{ "union all" if not loop.last }}
    {% endfor %}
),

means as (
    {{ paired_means("sides", keys, "item_id", "side", "'one'", "'other_'", means) }}
),

ratios as (
    {{ paired_difference("sides", keys, "item_id", "side", "'one'", "'other_'") }}
),

-- Pools of 30 and of 5 samples differ by what few samples hide; an item of one sample says nothing about that.
several_samples as (
    select
        {{ keys | join(", ") }},
        item_id,
        side,
        error,
        variance_unbiased as variance
    from sides
    where variance_unbiased is not null
),

corrected as (
    {{ paired_difference("several_samples", keys, "item_id", "side", "'one'", "'other_'", is_corrected=true) }}
)

select
    {{ keys | join(", ") }},
    {{ is_main_decomposition("ratios", "pairs") }},
    ratios.n_units as n_items,
    {{ with_difference("means", means) }},
    ratios.incoherence_1 as incoherence,
    ratios.incoherence_2 as other_incoherence,
    ratios.difference as incoherence_difference,
    ratios.difference_ci_low as incoherence_difference_ci_low,
    ratios.difference_ci_high as incoherence_difference_ci_high,
    corrected.incoherence_1 as incoherence_unbiased,
    corrected.incoherence_2 as other_incoherence_unbiased,
    corrected.difference as incoherence_unbiased_difference,
    corrected.difference_ci_low as incoherence_unbiased_difference_ci_low,
    corrected.difference_ci_high as incoherence_unbiased_difference_ci_high
from ratios
inner join pairs using ({{ pair_keys() | join(", ") }})
inner join means using ({{ keys | join(", ") }})
left join corrected using ({{ keys | join(", ") }})
order by {{ keys | join(", ") }}
