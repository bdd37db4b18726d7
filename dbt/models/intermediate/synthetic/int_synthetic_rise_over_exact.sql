{% set keys = ["problem_id", "walker", "starts", "temperature", "decomposition"] %}

with

-- One contrast for each model: the macro pools what shares a contrast's keys.
sides as (
    select
        problem_id,
        model_id as walker,
        starts,
        temperature,
        decomposition,
        'one' as model_id,
        start_id,
        side,
        error,
        variance_unbiased as variance
    from {{ ref("int_synthetic_sides") }}
),

contrasts as (
    {{ pooled_contrast("sides", keys, "start_id", rise_against_exact()) }}
)

select
    problem_id,
    walker as model_id,
    starts,
    temperature,
    decomposition,
    statistic as over_exact,
    statistic - half_width as over_exact_ci_low,
    statistic + half_width as over_exact_ci_high
from contrasts
