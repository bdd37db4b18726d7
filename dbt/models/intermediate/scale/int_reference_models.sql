{% set family = ["task", "condition_id", "model_family"] | join(", ") %}

with

pools as (
    select * from {{ ref("int_pools") }}
),

models as (
    select * from {{ ref("int_models") }}
    where model_family is not null and param_count is not null
)

-- The largest model says how much reasoning an item takes; models of one size alone have no scale.
select
    {{ family }},
    model_id as reference_model_id,
    main_decomposition,
    main_length_axis
from pools
inner join models using (model_id)
qualify
    row_number() over (partition by {{ family }} order by param_count desc, model_id asc) = 1
    and min(param_count) over (partition by {{ family }}) < max(param_count) over (partition by {{ family }})
