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
    select
        *,
        main_length_axis as length_axis
    from {{ ref("int_pools") }}
    where main_length_axis is not null
),

-- Corrected for few samples: a half holds fewer than the item.
items as (
    select * from {{ ref("int_item_decomposition") }}
    where decomposition in ('brier', 'coverage') and variance_unbiased is not null
),

halves as (
    select * from {{ ref("int_overthinking_accuracy_held") }}
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
