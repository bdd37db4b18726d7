with

numbers as (
    select * from {{ ref("int_item_numbers") }}
),

samples as (
    select * from {{ ref("int_sample_answers") }}
    where answer_kind not in ('left_out', 'open')
    -- Within one context there is nothing to tell apart.
    qualify
        min(context_id) over (partition by {{ item_keys() | join(", ") }})
        < max(context_id) over (partition by {{ item_keys() | join(", ") }})
),

numbered as (
    select * from samples
    inner join numbers using ({{ item_keys() | join(", ") }})
),

answers as (
    {{ answer_counts("numbered", ["item_number", "context_id"]) }}
),

sums as (
    {{ class_sums("answers", ["item_number", "context_id"]) }}
)

select
    item_number,
    context_id,
    class_index,
    class_index = target_index as is_target,
    cast(n_samples as bigint) as n_samples,
    total_miss,
    total_sq_miss,
    total_log_prob
from sums
