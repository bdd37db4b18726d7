{% set size = var("synthetic_max_dimension") | int %}
{% set keys = (rollout_keys() + ["step"]) | join(", ") %}

with

starts as (
    select * from {{ ref("int_synthetic_start_moments") }}
),

problems as (
    select * from {{ ref("stg_synthetic_problems") }}
),

pooled_means as (
    select
        {{ keys }},
        {% for i in range(size) %}
            sum(n_points * mean_{{ i }}) / sum(n_points) as center_{{ i }},
        {% endfor %}
        avg(n_points) as mean_n_points
    from starts
    group by {{ keys }}
),

centered as (
    select
        starts.*,
        -- A start counts by its points, and weighs 1 on average.
        n_points / mean_n_points as weight,
        {% for i in range(size) %}
            center_{{ i }},
            mean_{{ i }} - center_{{ i }} as shift_{{ i }},
        {% endfor %}
        dimension,
        a_matrix
    from starts
    inner join pooled_means using ({{ keys }})
    inner join problems using (problem_id)
)

select
    {{ keys }},
    start_id,
    'per_start' as decomposition,
    n_points,
    error,
    bias_sq,
    variance
from centered

union all

select
    {{ keys }},
    start_id,
    'pooled' as decomposition,
    n_points,
    weight * error as error,
    {{ quadratic_form("a_matrix", "dimension", "product_of", "center") }} as bias_sq,
    weight * (variance + {{ quadratic_form("a_matrix", "dimension", "product_of", "shift") }}) as variance
from centered
