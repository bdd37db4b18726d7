{% set keys = ["item_number", "kl_delta", "format_failures"] %}

with

numbers as (
    select * from {{ ref("int_item_numbers") }}
),

answers as (
    select * from {{ ref("int_item_answers") }}
),

probabilities as (
    {{ class_probabilities("answers", ["item_number", "answer_kind"]) }}
),

settings as (
    {% for delta in var("sensitivity_deltas") %}
        {% for format_failures in ["included", "left_out"] %}
            select
                *,
                cast({{ delta }} as double) as kl_delta,
                '{{ format_failures }}' as format_failures,
                {{ log_smoothed("prob", "n_classes", delta) }} as log_prob
            from probabilities
            {{ "where answer_kind <> 'format_failure'" if format_failures == "left_out" }}
            {{ "union all" if not loop.last }}
        {% endfor %}
        {{ "union all" if not loop.last }}
    {% endfor %}
),

class_means as (
    select
        {{ keys | join(", ") }},
        class_index = target_index as is_target,
        class_index,
        cast(sum(n_samples) as bigint) as n_samples,
        sum(n_samples * log_prob) / sum(n_samples) as mean_log_prob
    from settings
    group by {{ keys | join(", ") }}, class_index, target_index
),

decomposed as (
    {{ kl_parts("class_means", keys) }}
)

select
    {{ (item_keys() + keys[1:]) | join(", ") }},
    n_samples,
    error,
    bias_sq,
    variance
from decomposed
inner join numbers using (item_number)
