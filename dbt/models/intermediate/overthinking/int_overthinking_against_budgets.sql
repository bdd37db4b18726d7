{% set pair = ["task", "model_id", "low_condition_id", "high_condition_id", "length_axis"] %}
{% set settings = budget_settings() | join(", ") %}

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

-- Corrected for few samples: a half holds fewer than the item.
items as (
    select * from {{ ref("int_item_decomposition") }}
    where variance_unbiased is not null
),

halves as (
    select * from {{ ref("int_overthinking_items") }}
    where has_both_halves
),

ranked as (
    select
        *,
        row_number() over (
            partition by task, model_id, length_axis, {{ settings }}
            order by budget asc, condition_id asc
        ) as from_smallest,
        row_number() over (
            partition by task, model_id, length_axis, {{ settings }}
            order by budget desc, condition_id asc
        ) as from_largest
    from axes
    inner join conditions using (condition_id)
    where budget is not null
),

-- The smallest and the largest budget of conditions that otherwise agree; with one budget, the first condition by id.
pairs as (
    select
        task,
        model_id,
        length_axis,
        max(condition_id) filter (where from_smallest = 1) as low_condition_id,
        max(condition_id) filter (where from_largest = 1) as high_condition_id
    from ranked
    group by task, model_id, length_axis, {{ settings }}
    having min(budget) < max(budget)
),

sides as (
    {% for budget in ["low", "high"] %}
        {% for units, side in {"items": "''", "halves": "'_' || halves.half"}.items() %}
            select
                {{ columns_of("pairs", pair) }},
                {{ units }}.decomposition,
                {{ units }}.item_id,
                '{{ budget }}' || {{ side }} as side,
                {{ units }}.error,
                {{ units }}.variance_unbiased as variance
            from pairs
            inner join {{ units }}
                on
                    pairs.task = {{ units }}.task
                    and pairs.model_id = {{ units }}.model_id
                    and pairs.{{ budget }}_condition_id = {{ units }}.condition_id
                    {{ "and pairs.length_axis = halves.length_axis" if units == "halves" }}
            {{ "union all" if not loop.last }}
        {% endfor %}
        {{ "union all" if not loop.last }}
    {% endfor %}
),

contrasts as (
    {{
        ratio_contrast("sides", pair + ["decomposition"], "item_id", "side", {
            "low": ("'low'", -1),
            "high": ("'high'", 1),
            "low_shorter": ("'low_shorter'", -0.5),
            "low_longer": ("'low_longer'", 0.5),
            "high_shorter": ("'high_shorter'", -0.5),
            "high_longer": ("'high_longer'", 0.5),
        }, is_corrected=true)
    }}
)

select
    {{ pair | join(", ") }},
    decomposition,
    n_units as n_items,
    (incoherence_low_longer - incoherence_low_shorter + incoherence_high_longer - incoherence_high_shorter) / 2
        as overthinking_effect,
    incoherence_low - incoherence_high as budget_effect,
    difference,
    difference_ci_low,
    difference_ci_high
from contrasts
qualify {{ is_main_decomposition(pair) }}
