{#
  The shift u (macro matched) at which the matched pool is as accurate as the other, by halving the interval in which it lies; the
  accuracy falls with u.
#}
{% set pair = pair_keys() | join(", ") %}

with recursive

pairs as (
    select * from {{ ref("int_matched_pairs") }}
),

sides as (
    select * from {{ ref("int_matched_sides") }}
),

means as (
    select
        {{ pair }},
        k,
        -- An item of few answers has fewer terms: those that it lacks count as 0.
        sum(right_moment / n_items) as right_moment
    from sides
    inner join pairs using ({{ pair }})
    where is_shifted
    group by {{ pair }}, k
),

halved as (
    {{ halved_shifts(50) }}
)

select
    {{ pair }},
    low as shift
from halved
where step = 50
