{{ per_pool() }}

{% set keys = ["item_number", "kl_delta", "format_failures"] %}
{% set group = keys | join(", ") %}
{% set item = item_keys() | join(", ") %}

with

numbers as (
    select * from {{ ref("int_item_numbers") }}
),

samples as (
    select * from {{ ref("int_sample_answers") }}
    where answer_kind not in ('left_out', 'open')
    qualify min(context_id) over (partition by {{ item }}) < max(context_id) over (partition by {{ item }})
),

numbered as (
    select * from samples
    inner join numbers using ({{ item }})
),

answers as (
    {{ answer_counts("numbered", ["item_number", "context_id"]) }}
),

probabilities as (
    {{ class_probabilities("answers", ["item_number", "context_id", "answer_kind"]) }}
),

settings as (
    {{ at_sensitivity_settings("probabilities") }}
),

moments as (
    select
        {{ group }},
        context_id,
        class_index,
        class_index = target_index as is_target,
        cast(sum(n_samples) as bigint) as n_samples,
        sum(n_samples * log_prob) as total_log_prob
    from settings
    group by {{ group }}, context_id, class_index, target_index
    -- Where format failures are left out, one context may be all that is left.
    qualify min(context_id) over (partition by {{ group }}) < max(context_id) over (partition by {{ group }})
),

shifts as (
    {{ context_shifts_of_kl("moments", keys) }}
)

select
    {{ (item_keys() + keys[1:]) | join(", ") }},
    context_id,
    error_shift,
    variance_shift
from shifts
inner join numbers using (item_number)
