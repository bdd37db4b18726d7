{% set keys = ["task", "model_id", "low_condition_id", "high_condition_id", "length_axis"] %}

with

conditions as (
    select
        *,
        {{ budget_order("reasoning_budget") }} as budget
    from {{ ref("stg_conditions") }}
),

axes as (
    select distinct
        {{ pool_keys() | join(", ") }},
        length_axis
    from {{ ref("int_item_lengths") }}
    where is_main_axis
),

items as (
    select * from {{ ref("int_item_decomposition") }}
    where decomposition = 'kl'
),

halves as (
    select * from {{ ref("int_overthinking_items") }}
    where decomposition = 'kl' and has_both_halves
),

-- The smallest and the largest budget of conditions that otherwise agree.
pairs as (
    select
        axes.task,
        axes.model_id,
        axes.length_axis,
        min_by(axes.condition_id, budget) as low_condition_id,
        max_by(axes.condition_id, budget) as high_condition_id
    from axes
    inner join conditions on axes.condition_id = conditions.condition_id
    where budget is not null
    group by
        axes.task, axes.model_id, axes.length_axis, conditions.prompt_format, conditions.n_shots, conditions.temperature
    having min(budget) < max(budget)
),

sides as (
    {% for budget in ["low", "high"] %}
        select
            {{ columns_of("pairs", keys) }},
            items.item_id,
            '{{ budget }}' as side,
            items.error,
            items.variance
        from pairs
        inner join items
            on
                pairs.task = items.task
                and pairs.model_id = items.model_id
                and pairs.{{ budget }}_condition_id = items.condition_id

        union all

        select
            {{ columns_of("pairs", keys) }},
            halves.item_id,
            '{{ budget }}_' || halves.half as side,
            halves.error,
            halves.variance
        from pairs
        inner join halves
            on
                pairs.task = halves.task
                and pairs.model_id = halves.model_id
                and pairs.{{ budget }}_condition_id = halves.condition_id
                and pairs.length_axis = halves.length_axis
        {{ "union all" if not loop.last }}
    {% endfor %}
),

contrasts as (
    {{
        ratio_contrast("sides", keys, "item_id", "side", {
            "low": ("'low'", -1),
            "high": ("'high'", 1),
            "low_below": ("'low_below'", -0.5),
            "low_above": ("'low_at_or_above'", 0.5),
            "high_below": ("'high_below'", -0.5),
            "high_above": ("'high_at_or_above'", 0.5),
        })
    }}
)

select
    {{ keys | join(", ") }},
    n_units as n_items,
    (incoherence_low_above - incoherence_low_below + incoherence_high_above - incoherence_high_below) / 2
        as overthinking_effect,
    incoherence_low - incoherence_high as budget_effect,
    difference,
    difference_ci_low,
    difference_ci_high
from contrasts
