{% set keys = pair_keys() + ["decomposition"] %}
{% set means = ["accuracy", "error", "bias_sq", "variance", "bias_sq_unbiased", "variance_unbiased"] %}

with

pairs as (
    select * from {{ ref("int_pool_pairs") }}
),

items as (
    select * from {{ ref("int_item_decomposition") }}
    where decomposition not in ('zero_one', 'embedding')
),

contexts as (
    select * from {{ ref("int_item_contexts") }}
),

{% for relation, columns in {
    "items": ["item_id", "cluster_id", "n_samples", "accuracy", "error", "bias_sq", "variance",
        "bias_sq_unbiased", "variance_unbiased", "error_share", "mode_margin", "excess_agreement"],
    "contexts": ["item_id", "context_id", "error_shift", "variance_shift", "accuracy_shift", "score_shift"],
}.items() %}
    {{ relation }}_of_sides as (
        {% for side in ["", "other_"] %}
            select
                {{ columns_of("pairs", pair_keys()) }},
                {{ relation }}.decomposition,
                '{{ side or "one" }}' as side,
                {{ columns_of(relation, columns) }}
            from pairs
            inner join {{ relation }}
                on
                    pairs.task = {{ relation }}.task
                    and pairs.{{ side }}model_id = {{ relation }}.model_id
                    and pairs.{{ side }}condition_id = {{ relation }}.condition_id
            {{ "union all" if not loop.last }}
        {% endfor %}
    ),
{% endfor %}

means as (
    {{
        paired_means(
            "items_of_sides", keys, "item_id", "side", "'one'", "'other_'", means, contexts="contexts_of_sides"
        )
    }}
),

shared as (
    select * from items_of_sides
    qualify count(*) over (partition by {{ keys | join(", ") }}, item_id) = 2
),

plug_in_sides as (
    select
        {{ keys | join(", ") }},
        side,
        count(*) as n_items,
        case when max(n_samples) > 1 then {{ incoherence("avg(variance)", "avg(error)") }} end as incoherence
    from shared
    group by {{ keys | join(", ") }}, side
),

plug_ins as (
    select
        {{ keys | join(", ") }},
        max(n_items) as n_items,
        max(incoherence) filter (where side = 'one') as incoherence,
        max(incoherence) filter (where side = 'other_') as other_incoherence
    from plug_in_sides
    group by {{ keys | join(", ") }}
),

-- Pools of 30 and of 5 samples differ by what few samples hide; an item of one sample says nothing about that.
corrected as (
    {{
        paired_difference(
            "items_of_sides", keys, "item_id", "side", "'one'", "'other_'", contexts="contexts_of_sides"
        )
    }}
)

select
    {{ keys | join(", ") }},
    {{ is_main_decomposition("plug_ins", "pairs") }},
    pairs.n_pairs_left_out,
    plug_ins.n_items,
    {{ with_difference("means", means) }},
    plug_ins.incoherence,
    plug_ins.other_incoherence,
    plug_ins.other_incoherence - plug_ins.incoherence as incoherence_difference,
    corrected.incoherence_1 as incoherence_unbiased,
    corrected.incoherence_2 as other_incoherence_unbiased,
    corrected.difference as incoherence_unbiased_difference,
    corrected.difference_ci_low as incoherence_unbiased_difference_ci_low,
    corrected.difference_ci_high as incoherence_unbiased_difference_ci_high,
    corrected.n_effective_1 as n_effective,
    corrected.n_effective_2 as other_n_effective,
    case when corrected.n_units is null then 'one_sample_per_item' else corrected.interval_note end as interval_note
from plug_ins
inner join pairs using ({{ pair_keys() | join(", ") }})
inner join means using ({{ keys | join(", ") }})
left join corrected using ({{ keys | join(", ") }})
order by {{ keys | join(", ") }}
