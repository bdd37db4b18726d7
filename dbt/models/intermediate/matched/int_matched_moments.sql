{% set keys = item_keys() | join(", ") %}

with

-- Letters alone: a stated probability is no draw from one.
outcomes as (
    select outcomes.*
    from {{ ref("int_item_outcomes") }} as outcomes
    inner join {{ ref("int_item_modes") }} using ({{ keys }})
    where outcomes.predicted_index is not null
),

items as (
    select
        {{ keys }},
        cast(sum(n_samples) as bigint) as n_answers,
        cast(coalesce(sum(n_samples) filter (where outcome = 'right'), 0) as bigint) as n_right,
        coalesce(sum(n_samples * (n_samples - 1)) filter (where outcome = 'wrong_answer'), 0e0) as n_agreeing
    from outcomes
    group by {{ keys }}
    having sum(n_samples) > 4
),

polynomials as (
    {{ shifted_chebyshev() }}
),

counts as (
    select distinct
        n_answers,
        n_right,
        n_agreeing
    from items
),

moments as (
    select
        n_answers,
        n_right,
        n_agreeing,
        k,
        sum(coefficient * {{ share_of_subsets("n_right", "n_answers", "(power + 1)") }}) as right_moment,
        sum(coefficient * {{ share_of_subsets("n_right", "n_answers", "(power + 2)") }}) as right_sq_moment,
        sum(
            coefficient * n_agreeing / n_answers / (n_answers - 1)
            * {{ share_of_subsets("least(n_right, n_answers - 2)", "(n_answers - 2)", "power") }}
        ) as wrong_sq_moment
    from counts
    inner join polynomials on counts.n_answers - 2 >= polynomials.k
    group by n_answers, n_right, n_agreeing, k
)

select
    {{ keys }},
    n_answers,
    k,
    right_moment,
    right_sq_moment,
    wrong_sq_moment
from items
inner join moments using (n_answers, n_right, n_agreeing)
