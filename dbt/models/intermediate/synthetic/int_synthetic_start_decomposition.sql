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
        avg(n_points) as mean_n_points,
        count(*) as n_starts
    from starts
    group by {{ keys }}
),

centered as (
    select
        starts.*,
        -- A start counts by its points, and weighs 1 on average.
        n_points / mean_n_points as weight,
        n_starts,
        {% for i in range(size) %}
            center_{{ i }},
            mean_{{ i }} - center_{{ i }} as shift_{{ i }},
        {% endfor %}
        dimension,
        a_matrix
    from starts
    inner join pooled_means using ({{ keys }})
    inner join problems using (problem_id)
),

measured as (
    select
        *,
        {{ quadratic_form("a_matrix", "dimension", "product_of", "center") }} as center_sq,
        {{ quadratic_form("a_matrix", "dimension", "product_of", "shift") }} as shift_sq
    from centered
),

-- What the mean of few is too far off by, squared: it is in bias² and missing in the variance.
per_start as (
    select
        *,
        case when n_points > 1 then variance / (n_points - 1) end as excess
    from measured
),

pooled as (
    select
        *,
        weight * (variance + shift_sq) as pooled_variance,
        case when n_starts > 1 then weight * weight * shift_sq / (n_starts - 1) end as excess
    from measured
)

select
    {{ keys }},
    start_id,
    'per_start' as decomposition,
    n_points,
    error,
    bias_sq,
    bias_sq as bias_sq_share,
    variance,
    bias_sq - excess as bias_sq_unbiased,
    variance + excess as variance_unbiased
from per_start

union all

select
    {{ keys }},
    start_id,
    'pooled' as decomposition,
    n_points,
    weight * error as error,
    center_sq as bias_sq,
    weight * error - pooled_variance as bias_sq_share,
    pooled_variance as variance,
    center_sq - excess as bias_sq_unbiased,
    pooled_variance + excess as variance_unbiased
from pooled
