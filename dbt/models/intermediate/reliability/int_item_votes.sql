{% set keys = item_keys() | join(", ") %}

with

outcomes as (
    select * from {{ ref("int_item_outcomes") }}
    where outcome in ('right', 'wrong_answer', 'format_failure', 'cut_off')
),

wrong as (
    select
        {{ keys }},
        {{ joined_descending("n_samples") }} as wrong_counts
    from outcomes
    where outcome = 'wrong_answer'
    group by {{ keys }}
),

counts as (
    select
        {{ keys }},
        max(n_classes) as n_classes,
        cast(sum(n_samples) as bigint) as n_samples,
        cast(coalesce(sum(n_samples) filter (where outcome = 'right'), 0) as bigint) as n_right,
        cast(coalesce(sum(n_samples) filter (where outcome in ('format_failure', 'cut_off')), 0) as bigint) as n_blank
    from outcomes
    group by {{ keys }}
)

select
    {{ keys }},
    n_samples,
    n_right,
    n_blank,
    case
        when n_classes is not null
            then concat(n_right, ' right, ', n_blank, ' blank, ', coalesce(wrong_counts, '0'), ' wrong')
    end as vote_pattern
from counts
left join wrong using ({{ keys }})
