{% set group = item_keys() | join(", ") %}

with

samples as (
    select * from {{ ref("int_sample_answers") }}
    -- Only what was answered can change: a format failure is no answer.
    where predicted_index is not null
),

items as (
    select * from {{ ref("stg_items") }}
),

models as (
    select * from {{ ref("dim_model") }}
),

conditions as (
    select * from {{ ref("dim_condition") }}
),

answers as (
    select
        {{ group }},
        context_id,
        predicted_index,
        count(*) as n_times
    from samples
    group by {{ group }}, context_id, predicted_index
),

contexts as (
    select
        {{ group }},
        context_id,
        sum(n_times) as n_samples,
        count(*) > 1 as has_change,
        -- Ties go to the lowest class.
        max_by(predicted_index, n_times * 1000 - predicted_index) as majority_index
    from answers
    group by {{ group }}, context_id
),

changes as (
    select
        {{ group }},
        case when max(n_samples) > 1 then bool_or(has_change) end as resampling,
        case when count(*) > 1 then count(distinct majority_index) > 1 end as contexts,
        case when sum(n_samples) > 1 then bool_or(has_change) or count(distinct majority_index) > 1 end as both_together
    from contexts
    group by {{ group }}
),

kinds as (
    {% for change in ["resampling", "contexts", "both_together"] %}
        {% for difficulty in ["'all'", "items.human_difficulty"] %}
            select
                {{ columns_of("changes", pool_keys()) }},
                '{{ change }}' as change,
                {{ difficulty }} as human_difficulty,
                count(*) as n_items,
                count(*) filter (where changes.{{ change }}) as n_changed
            from changes
            inner join items on changes.task = items.task and changes.item_id = items.item_id
            where changes.{{ change }} is not null and {{ difficulty }} is not null
            group by {{ columns_of("changes", pool_keys()) }}, {{ difficulty }}
            {{ "union all" if not loop.last }}
        {% endfor %}
        {{ "union all" if not loop.last }}
    {% endfor %}
)

select
    {{ pool_figure_keys("kinds") }},
    kinds.change,
    kinds.human_difficulty,
    kinds.n_items,
    kinds.n_changed,
    kinds.n_changed / cast(kinds.n_items as double) as share_changed,
    {{ wilson("kinds.n_changed", "kinds.n_items", "-") }} as share_changed_ci_low,
    {{ wilson("kinds.n_changed", "kinds.n_items", "+") }} as share_changed_ci_high
from kinds
inner join models on kinds.model_id = models.model_id
inner join conditions on kinds.condition_id = conditions.condition_id
order by task, model_id, condition_id, change, human_difficulty
