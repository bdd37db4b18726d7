{% set keys = item_keys() | join(", ") %}

with

answers as (
    select * from {{ ref("int_item_answers") }}
),

summed as (
    select
        {{ keys }},
        cast(coalesce(sum(n_samples) filter (where answer_kind <> 'left_out'), 0) as bigint) as n_samples,
        cast(sum(n_format_failures) as bigint) as n_format_failures,
        cast(sum(n_errors) as bigint) as n_errors,
        cast(sum(n_refused) as bigint) as n_refused,
        cast(sum(n_renormalised) as bigint) as n_renormalised,
        {% for axis in length_axes() %}
            cast(sum(total_{{ axis }}) filter (where answer_kind <> 'left_out') as double) as total_{{ axis }},
            sum(n_with_{{ axis }}) filter (where answer_kind <> 'left_out') as n_with_{{ axis }},
        {% endfor %}
        sum(n_correct) as n_correct,
        sum(n_judged) as n_judged
    from answers
    group by {{ keys }}
)

select
    {{ keys }},
    n_samples,
    n_format_failures,
    n_errors,
    n_refused,
    n_renormalised,
    total_output_tokens / nullif(n_with_output_tokens, 0) as mean_output_tokens,
    total_reasoning_tokens / nullif(n_with_reasoning_tokens, 0) as mean_reasoning_tokens,
    total_actions / nullif(n_with_actions, 0) as mean_actions,
    n_correct / cast(nullif(n_judged, 0) as double) as accuracy
from summed
