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
    select
        {{ pair }},
        cast(0 as bigint) as step,
        0e0 as low,
        6e-1 as high
    from pairs

    union all

    select
        {{ columns_of("tried", pair_keys()) }},
        tried.step + 1 as step,
        case when tried.accuracy > pairs.target_accuracy then (tried.low + tried.high) / 2 else tried.low end as low,
        case when tried.accuracy > pairs.target_accuracy then tried.high else (tried.low + tried.high) / 2 end as high
    from (
        select
            {{ columns_of("halved", pair_keys()) }},
            halved.step,
            halved.low,
            halved.high,
            2 * {{ root_odds("((halved.low + halved.high) / 2)") }}
            * sum({{ series_weight("(halved.low + halved.high) / 2", "means.k") }} * means.right_moment) as accuracy
        from halved
        inner join means using ({{ pair }})
        where halved.step < 50
        group by {{ columns_of("halved", pair_keys()) }}, halved.step, halved.low, halved.high
    ) as tried
    inner join pairs using ({{ pair }})
)

select
    {{ pair }},
    low as shift
from halved
where step = 50
