{% set keys = item_keys() | join(", ") %}

with

samples as (
    select * from {{ ref("int_sample_answers") }}
    where answer_kind <> 'left_out'
),

cells as (
    select
        {{ keys }},
        context_id,
        count(is_correct) as n_judged,
        count(*) filter (where is_correct) as n_right,
        count(graded) as n_graded,
        coalesce(sum(graded), 0) as total_score
    from samples
    group by {{ keys }}, context_id
    qualify min(context_id) over (partition by {{ keys }}) < max(context_id) over (partition by {{ keys }})
),

left_out as (
    select
        {{ keys }},
        context_id,
        (sum(n_right) over (partition by {{ keys }}) - n_right)
        / cast(nullif(sum(n_judged) over (partition by {{ keys }}) - n_judged, 0) as double) as accuracy,
        (sum(total_score) over (partition by {{ keys }}) - total_score)
        / cast(nullif(sum(n_graded) over (partition by {{ keys }}) - n_graded, 0) as double) as mean_score
    from cells
)

-- What a mean over the item's samples is without a context, less the average of that over the item's contexts.
select
    {{ keys }},
    context_id,
    accuracy - avg(accuracy) over (partition by {{ keys }}) as accuracy_shift,
    mean_score - avg(mean_score) over (partition by {{ keys }}) as score_shift
from left_out
