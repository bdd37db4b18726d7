{% set size = var("synthetic_max_dimension") | int %}
{% set keys = (rollout_keys() + ["step", "start_id"]) | join(", ") %}

with

points as (
    select * from {{ ref("int_synthetic_points") }}
),

problems as (
    select * from {{ ref("stg_synthetic_problems") }}
),

moments as (
    select
        {{ keys }},
        {% for i in range(size) %}
            avg(offset_{{ i }}) as mean_{{ i }},
            {% for j in range(i, size) %}
                covar_pop(offset_{{ i }}, offset_{{ j }}) as covariance_{{ i }}_{{ j }},
                -- Not mean product plus covariance: the error is summed for itself, so that the identity can be tested.
                avg(offset_{{ i }} * offset_{{ j }}) as square_{{ i }}_{{ j }},
            {% endfor %}
        {% endfor %}
        count(*) as n_points
    from points
    group by {{ keys }}
)

select
    {{ keys }},
    n_points,
    {% for i in range(size) %}
        mean_{{ i }},
    {% endfor %}
    {{ quadratic_form("a_matrix", "dimension", "covariance_of", "square") }} as error,
    {{ quadratic_form("a_matrix", "dimension", "product_of", "mean") }} as bias_sq,
    {{ quadratic_form("a_matrix", "dimension", "covariance_of", "covariance") }} as variance
from moments
inner join problems using (problem_id)
