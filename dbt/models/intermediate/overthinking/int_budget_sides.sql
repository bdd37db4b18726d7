{% set pair = ["task", "model_id", "low_condition_id", "high_condition_id", "length_axis"] %}

with

pairs as (
    select * from {{ ref("int_budget_pairs") }}
),

-- Corrected for few samples: a half holds fewer than the item.
items as (
    select * from {{ ref("int_item_decomposition") }}
    where decomposition in ('kl', 'brier', 'coverage') and variance_unbiased is not null
),

halves as (
    select * from {{ ref("int_overthinking_accuracy_held") }}
),

sides as (
    {% for budget in ["low", "high"] %}
        {% for units, side in {"items": "", "halves": "half"}.items() %}
            select
                {{ columns_of("pairs", pair) }},
                {{ units }}.decomposition,
                {{ units }}.item_id,
                {{ "concat('" ~ budget ~ "_', halves.half)" if side else "'" ~ budget ~ "'" }} as side,
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
)

select * from sides
