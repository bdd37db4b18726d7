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

probabilities as (
    {{ class_values("answers", ["item_number", "context_id"]) }}
),

misses as (
    select
        *,
        prob - case when class_index = target_index then 1 else 0 end as miss
    from probabilities
)

select
    item_number,
    context_id,
    class_index,
    class_index = target_index as is_target,
    cast(sum(n_samples) as bigint) as n_samples,
    sum(n_samples * miss) as total_miss,
    sum(n_samples * miss * miss) as total_sq_miss,
    sum(n_samples * {{ log_smoothed("prob", "n_classes") }}) as total_log_prob
from misses
group by item_number, context_id, class_index, target_index
