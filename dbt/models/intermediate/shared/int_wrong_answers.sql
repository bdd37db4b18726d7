{% set keys = item_keys() | join(", ") %}

with

outcomes as (
    select * from {{ ref("int_item_outcomes") }}
    where outcome in ('right', 'wrong_answer', 'format_failure', 'cut_off')
)

select
    {{ keys }},
    predicted_index,
    n_samples,
    n_classes,
    cast(n_samples as double) / sum(n_samples) over (partition by {{ keys }}) as share
from outcomes
-- Two wrong options at least, or wrong answers could not but agree.
qualify outcome = 'wrong_answer' and n_classes > 2
