{% set keys = pool_keys() + ["decomposition", "wanted_width"] %}

with

inputs as (
    select
        *,
        {{ inverse_freedom("total_spread / n_items", "effective_freedom", "context_spread", "n_contexts") }}
            as inverse_freedom
    from {{ ref("int_planner_inputs") }}
),

pools as (
    select * from {{ ref("int_pools") }}
),

models as (
    select * from {{ ref("dim_model") }}
),

conditions as (
    select * from {{ ref("dim_condition") }}
),

now as (
    select
        *,
        {{ t_975_of_inverse("inverse_freedom") }} as t_now
    from inputs
    where interval_note is null
),

rooms as (
    {% for width in var("planner_widths") %}
        select
            *,
            cast({{ width }} as double) as wanted_width,
            case when planned = 'incoherence' then width else 2 * t_now * sqrt(total_spread / n_items) end as width_now,
            {{ room_sq(width) }} as room_sq
        from now
        {{ "union all" if not loop.last }}
    {% endfor %}
),

items as (
    {{ planned_items("rooms", keys) }}
),

needs as (
    select
        rooms.*,
        -- Contexts may spread too much for any number of items; `greatest` alone would pass over the NULL.
        case
            when width_now <= wanted_width then n_items
            when n_items_needed is not null then greatest(ceil({{ steady("n_items_needed") }}), n_items + 1)
        end as n_items_needed,
        -- The items alone, or contexts, may spread too much for any number of samples.
        case
            when width_now <= wanted_width then n_samples_per_item
            when n_items * (room_sq / pow(t_now, 2) - context_spread) > item_spread
                then
                    greatest(
                        n_samples_per_item,
                        ceil(
                            {{
                                steady(
                                    "sample_spread / (n_items * (room_sq / pow(t_now, 2) - context_spread) - item_spread)"
                                )
                            }}
                        )
                    )
        end as n_samples_per_item_needed
    from rooms
    inner join items using ({{ keys | join(", ") }})
),

calls as (
    select
        *,
        cast(n_items_needed - n_items as bigint) as n_more_items,
        cast(ceil({{ steady("(n_items_needed - n_items) * n_samples_per_item") }}) as bigint) as n_calls_more_items,
        cast(ceil({{ steady("n_samples_per_item_needed - n_samples_per_item") }}) as bigint) as n_more_samples_per_item,
        cast(ceil({{ steady("n_items * (n_samples_per_item_needed - n_samples_per_item)") }}) as bigint)
            as n_calls_more_samples
    from needs
)

select
    {{ pool_figure_keys("calls") }},
    calls.decomposition,
    {{ is_main_decomposition("calls") }},
    calls.planned,
    calls.wanted_width,
    calls.width_now as width,
    calls.incoherence_unbiased,
    calls.variance_unbiased,
    calls.n_items,
    calls.n_samples_per_item as mean_samples_per_item,
    {% for way, more in {"more_items": "n_more_items", "more_samples": "n_more_samples_per_item"}.items() %}
        calls.{{ more }},
        calls.n_calls_{{ way }},
        calls.n_calls_{{ way }} * calls.output_tokens_per_sample as output_tokens_{{ way }},
        calls.n_calls_{{ way }} * calls.cost_usd_per_sample as cost_usd_{{ way }},
    {% endfor %}
    calls.item_spread,
    calls.sample_spread,
    calls.context_spread,
    -- The variance of an interval is known to √(2 / degrees of freedom), and the items needed go as it does.
    sqrt(2 / cast(calls.effective_freedom as double)) as relative_error
from calls
{{ join_pools("calls") }}
inner join models on calls.model_id = models.model_id
inner join conditions on calls.condition_id = conditions.condition_id
order by task, model_id, condition_id, decomposition, wanted_width
