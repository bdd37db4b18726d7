{% set keys = item_keys() | join(", ") %}

with

samples as (
    select * from {{ ref("int_sample_answers") }}
),

judged as (
    select
        {{ keys }},
        n_classes,
        predicted_index,
        case
            when status in ('error', 'refused') then status
            when is_correct is null then 'unjudged'
            when is_correct then 'right'
            -- An option that was chosen counts, however the completion ended.
            when predicted_index is null and (is_cut_off or status = 'limit') then 'cut_off'
            when is_format_failure then 'format_failure'
            else 'wrong_answer'
        end as outcome
    from samples
)

select
    {{ keys }},
    outcome,
    -- Of samples that are left out, what they may have answered counts for nothing.
    case when outcome in ('right', 'wrong_answer') then predicted_index end as predicted_index,
    max(n_classes) as n_classes,
    count(*) as n_samples
from judged
group by
    {{ keys }},
    outcome,
    case when outcome in ('right', 'wrong_answer') then predicted_index end
