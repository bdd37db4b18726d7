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
)

select * from pairs
