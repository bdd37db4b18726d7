{% set keys = pool_keys() + ["decomposition", "wanted_width"] %}
{% set z = 1.959963984540054 %}

with

inputs as (
    select
        *,
        {{ t_quantile("quantiles.t_975", "n_items - 1") }} as t_now
    from {{ ref("int_planner_inputs") }}
    left join {{ ref("student_t_975") }} as quantiles on quantiles.degrees_of_freedom = n_items - 1
    where n_items > 1
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

widths as (
    {% for width in var("planner_widths") %}
        select
            *,
            cast({{ width }} as double) as wanted_width,
            2 * t_now * sqrt(total_spread / n_items) as width,
            ceil(pow(2 * {{ z }} / {{ width }}, 2) * total_spread) as n_items_normal
        from inputs
        {{ "union all" if not loop.last }}
    {% endfor %}
),

-- Student's quantile shrinks as items come: the first number of items whose interval is narrow enough.
first_enough as (
    select
        {{ keys | join(", ") }},
        min(quantiles.degrees_of_freedom + 1) as n_items_tabulated
    from widths
    inner join {{ ref("student_t_975") }} as quantiles
        on 2 * quantiles.t_975 * sqrt(total_spread / (quantiles.degrees_of_freedom + 1)) <= wanted_width
    group by {{ keys | join(", ") }}
),

needs as (
    select
        widths.*,
        case
            when width <= wanted_width then n_items
            else
                coalesce(
                    n_items_tabulated,
                    ceil(
                        pow(2 * {{ t_quantile("cast(null as double)", "n_items_normal - 1") }} / wanted_width, 2)
                        * total_spread
                    )
                )
        end as n_items_needed,
        -- The items alone may spread too much for any number of samples.
        case
            when width <= wanted_width then n_samples_per_item
            when n_items * pow(wanted_width / (2 * t_now), 2) > item_spread
                then
                    greatest(
                        n_samples_per_item,
                        ceil(sample_spread / (n_items * pow(wanted_width / (2 * t_now), 2) - item_spread))
                    )
        end as n_samples_per_item_needed
    from widths
    left join first_enough using ({{ keys | join(", ") }})
),

calls as (
    select
        *,
        cast(n_items_needed - n_items as bigint) as n_more_items,
        cast(ceil((n_items_needed - n_items) * n_samples_per_item) as bigint) as n_calls_more_items,
        cast(ceil(n_samples_per_item_needed - n_samples_per_item) as bigint) as n_more_samples_per_item,
        cast(ceil(n_items * (n_samples_per_item_needed - n_samples_per_item)) as bigint) as n_calls_more_samples
    from needs
)

select
    {{ pool_figure_keys("calls") }},
    calls.decomposition,
    {{ is_main_decomposition("calls") }},
    calls.planned,
    calls.wanted_width,
    calls.width,
    calls.incoherence,
    calls.variance,
    calls.n_items,
    calls.n_samples_per_item as mean_samples_per_item,
    {% for way, more in {"more_items": "n_more_items", "more_samples": "n_more_samples_per_item"}.items() %}
        calls.{{ more }},
        calls.n_calls_{{ way }},
        calls.n_calls_{{ way }} * calls.output_tokens_per_sample as output_tokens_{{ way }},
        calls.n_calls_{{ way }} * calls.cost_usd_per_sample as cost_usd_{{ way }},
    {% endfor %}
    calls.item_spread,
    calls.sample_spread
from calls
{{ join_pools("calls") }}
inner join models on calls.model_id = models.model_id
inner join conditions on calls.condition_id = conditions.condition_id
order by task, model_id, condition_id, decomposition, wanted_width
