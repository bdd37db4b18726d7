{% set pair = ["task", "low_condition_id", "high_condition_id", "length_axis", "decomposition"] | join(", ") %}
{% set sides = {
    "low": ("'low'", "-1e0"),
    "high": ("'high'", "1e0"),
    "low_shorter": ("'low_shorter'", "-5e-1"),
    "low_longer": ("'low_longer'", "5e-1"),
    "high_shorter": ("'high_shorter'", "-5e-1"),
    "high_longer": ("'high_longer'", "5e-1"),
} %}
{% set halves = {} %}
{% for name in ["low_shorter", "low_longer", "high_shorter", "high_longer"] %}
    {% do halves.update({name: sides[name]}) %}
{% endfor %}

with

sides as (
    select * from {{ ref("int_budget_sides") }}
),

pools as (
    select
        sides.task,
        sides.low_condition_id,
        sides.high_condition_id,
        sides.length_axis,
        sides.decomposition,
        bool_and(models.is_simulated) as is_simulated,
        avg(metrics.mean_samples) as mean_samples,
        avg(metrics.cost_usd_per_sample) as cost_usd_per_sample
    from sides
    inner join {{ ref("int_models") }} as models on sides.model_id = models.model_id
    inner join {{ ref("int_pool_metrics") }} as metrics
        on
            sides.task = metrics.task
            and sides.model_id = metrics.model_id
            and sides.high_condition_id = metrics.condition_id
    group by sides.task, sides.low_condition_id, sides.high_condition_id, sides.length_axis, sides.decomposition
),

contrasts as (
    {{ pooled_contrast("sides", pair.split(", "), "item_id", sides) }}
),

-- That there is something to hold against the budgets in the first place.
overthinking as (
    {{ pooled_contrast("sides", pair.split(", "), "item_id", halves) }}
),

judged as (
    select
        *,
        least(
            {% for side in sides %}
                total_error_{{ side }}{{ "," if not loop.last }}
            {% endfor %}
        ) / ({{ always_wrong() }}) as n_wrong_items
    from contrasts
),

noted as (
    select
        *,
        case
            when n_wrong_items < {{ var("min_wrong_items") }} then 'too_few_errors'
            when half_width is null or standard_error < 1e-9 then 'no_spread'
        end as interval_note
    from judged
)

select
    {{ pair }},
    noted.model_id,
    is_simulated,
    mean_samples,
    cost_usd_per_sample,
    noted.n_models,
    noted.n_units as n_items,
    n_wrong_items,
    overthinking.statistic as overthinking_effect,
    overthinking.statistic - overthinking.half_width as overthinking_effect_ci_low,
    overthinking.statistic + overthinking.half_width as overthinking_effect_ci_high,
    noted.incoherence_low - noted.incoherence_high as budget_effect,
    noted.statistic as difference,
    case when interval_note is null then noted.statistic - noted.half_width end as difference_ci_low,
    case when interval_note is null then noted.statistic + noted.half_width end as difference_ci_high,
    noted.degrees_of_freedom,
    interval_note
from noted
inner join pools using ({{ pair }})
inner join overthinking using ({{ pair }})
