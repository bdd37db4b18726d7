{{ per_pool() }}

{% set keys = ["item_number", "kl_delta", "format_failures"] %}
{% set item = item_keys() | join(", ") %}

with

numbers as (
    select * from {{ ref("int_item_numbers") }}
),

samples as (
    select * from {{ ref("int_sample_answers") }}
    where answer_kind not in ('left_out', 'open')
),

numbered as (
    select * from samples
    inner join numbers using ({{ item }})
),

answers as (
    {{ answer_counts("numbered", ["item_number", "context_id"]) }}
),

treated as (
    {{ treated_both_ways("answers") }}
),

-- Where format failures are left out, one context may be all that is left.
several as (
    select
        item_number,
        format_failures
    from treated
    group by item_number, format_failures
    having min(context_id) < max(context_id)
),

entering as (
    select * from treated
    inner join several using (item_number, format_failures)
),

sums as (
    {{ class_sums("entering", ["item_number", "format_failures", "context_id"], var("sensitivity_deltas")) }}
),

moments as (
    select
        *,
        class_index = target_index as is_target
    from sums
),

shifts as (
    {{ context_shifts_of_kl("moments", keys) }}
)

select
    {{ (item_keys() + keys[1:]) | join(", ") }},
    context_id,
    variance_unbiased,
    error_shift,
    variance_shift
from shifts
inner join numbers using (item_number)
