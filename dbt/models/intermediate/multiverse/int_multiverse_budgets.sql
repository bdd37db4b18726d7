{% set ways = multiverse_ways() + ["accuracy"] %}
{% set pair = ["low_condition_id", "high_condition_id", "told_axis"] %}
{% set keys = ["task"] + pair + ways %}
{% set group = keys | join(", ") %}

with

pairs as (
    select
        *,
        length_axis as told_axis
    from {{ ref("int_budget_pairs") }}
),

items as (
    select * from {{ ref("int_multiverse_items") }}
),

halves as (
    select * from {{ ref("int_multiverse_halves") }}
),

ways as (
    select distinct {{ (pool_keys() + ways) | join(", ") }} from halves
),

sides as (
    {% for budget in ["low", "high"] %}
        select
            {{ columns_of("pairs", pair) }},
            {{ columns_of("halves", ["task", "model_id", "item_id"] + ways) }},
            concat('{{ budget }}_', halves.half) as side,
            halves.error,
            halves.variance
        from halves
        inner join pairs
            on
                halves.task = pairs.task
                and halves.model_id = pairs.model_id
                and halves.condition_id = pairs.{{ budget }}_condition_id

        union all

        select
            {{ columns_of("pairs", pair) }},
            {{ columns_of("items", ["task", "model_id", "item_id"]) }},
            {{ columns_of("ways", ways) }},
            '{{ budget }}' as side,
            items.error,
            items.variance
        from items
        inner join pairs
            on
                items.task = pairs.task
                and items.model_id = pairs.model_id
                and items.condition_id = pairs.{{ budget }}_condition_id
        inner join ways
            on
        {% for column in pool_keys() + ways[:4] %}
                items.{{ column }} = ways.{{ column }}{{ " and" if not loop.last }}
        {% endfor %}
        {{ "union all" if not loop.last }}
    {% endfor %}
),

contrasts as (
    {{ pooled_contrast("sides", keys, "item_id", overthinking_against_budgets()) }}
),

judged as (
    select
        *,
        {{ no_sandwich(wrong_items_of(overthinking_against_budgets(), "kl_delta")) }} as interval_note
    from contrasts
),

overthinking as (
    {{ pooled_contrast("sides", keys, "item_id", longer_less_shorter_of_budgets()) }}
)

select
    'overthinking_beats_budgets' as finding,
    task,
    high_condition_id as condition_id,
    {{ budgets_id("told_axis") }} as fit_id,
    {{ columns_of("judged", ways) }},
    judged.n_units as n,
    {{
        verdict(
            "overthinking.statistic - overthinking.half_width", "overthinking.statistic + overthinking.half_width",
            var("negligible_difference")
        )
    }} as precondition,
    judged.statistic,
    case when interval_note is null then judged.statistic - judged.half_width end as statistic_ci_low,
    case when interval_note is null then judged.statistic + judged.half_width end as statistic_ci_high
from judged
inner join overthinking using ({{ group }})
