{% set pair = ["task", "low_condition_id", "high_condition_id", "length_axis", "decomposition"] | join(", ") %}
{% set sides = overthinking_against_budgets() %}

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
        bool_or(models.is_simulated) as is_simulated,
        avg(metrics.mean_samples) as mean_samples,
        avg(metrics.cost_usd_per_sample) as cost_usd_per_sample,
        -- Told by what is main; of pools that differ in it, and of those whose main one has no halves, by what has.
        row_number() over (
            partition by sides.task, sides.low_condition_id, sides.high_condition_id, sides.length_axis
            order by
                bool_and(sides.decomposition = metrics.main_decomposition) desc,
                sides.decomposition in ('brier', 'coverage') desc
        ) = 1 as is_told
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
    {{ pooled_contrast("sides", pair.split(", "), "item_id", longer_less_shorter_of_budgets()) }}
),

counted as (
    select
        *,
        {{ wrong_items_of(sides) }} as n_wrong_items
    from contrasts
),

noted as (
    select
        *,
        {{ no_sandwich("n_wrong_items") }} as interval_note
    from counted
)

select
    {{ pair }},
    noted.model_id,
    is_simulated,
    is_told,
    mean_samples,
    cost_usd_per_sample,
    noted.n_models,
    noted.n_units as n_items,
    n_wrong_items,
    overthinking.statistic as overthinking_effect,
    overthinking.statistic - overthinking.half_width as overthinking_effect_ci_low,
    overthinking.statistic + overthinking.half_width as overthinking_effect_ci_high,
    overthinking.standard_error as overthinking_effect_error,
    overthinking.degrees_of_freedom as overthinking_effect_freedom,
    noted.incoherence_low - noted.incoherence_high as budget_effect,
    noted.statistic as difference,
    case when interval_note is null then noted.statistic - noted.half_width end as difference_ci_low,
    case when interval_note is null then noted.statistic + noted.half_width end as difference_ci_high,
    noted.degrees_of_freedom,
    interval_note
from noted
inner join pools using ({{ pair }})
inner join overthinking using ({{ pair }})
