{{ per_pool() }}
{#
  The KL decomposition of each half of an item's samples, both taken at the accuracy of the item, as int_overthinking_held_squares
  has it for squared errors: the mean logarithms of right and of wrong samples g are put together in the shares π_g of the item,

      ℓ[c] = Σ_g π_g mean_s∈g ln f′_s[c]      error = −ℓ[y]      variance = −ln Σ_c exp ℓ[c]

  and the variance is corrected by the jackknife, each sample left out of its own group (see jackknife_kl):
      variance_unbiased = variance + Σ_g (n_g − 1) · mean_s∈g (variance − variance without s). Right letters are the target.
#}
{% set settings = "length_axis, format_failures, kl_delta" %}
{% set item = "item_number, " ~ settings %}
{% set half = "item_number, half, " ~ settings %}

with

numbers as (
    select * from {{ ref("int_item_numbers") }}
),

answers as (
    select * from {{ ref("int_overthinking_judged_answers") }}
    inner join numbers using ({{ item_keys() | join(", ") }})
),

probabilities as (
    {{ class_probabilities("answers", ["item_number", "length_axis", "half", "is_right", "format_failures"]) }}
),

logs as (
    {% for delta in multiverse_deltas() %}
        select
            *,
            cast({{ delta }} as double) as kl_delta,
            {{ log_smoothed("prob", "n_classes", delta) }} as log_prob,
            {{ log_smoothed("case when class_index = target_index then 1e0 else 0e0 end", "n_classes", delta) }}
                as log_target
        from probabilities
        {{ "union all" if not loop.last }}
    {% endfor %}
),

groups as (
    select
        {{ half }},
        is_right,
        class_index,
        max(target_index) as target_index,
        max(log_target) as log_target,
        sum(n_samples) as n_samples,
        sum(n_samples * log_prob) / sum(n_samples) as mean_log_prob,
        max(abs(log_prob - log_target)) as miss
    from logs
    group by {{ half }}, is_right, class_index
),

items as (
    select
        {{ item }},
        sum(case when is_right then n_samples else 0 end) / cast(sum(n_samples) as double) as item_accuracy,
        max(case when is_right then miss else 0e0 end) as right_miss
    from groups
    group by {{ item }}
),

centers as (
    select
        {{ half }},
        class_index,
        bool_or(class_index = target_index) as is_target,
        max(item_accuracy) as item_accuracy,
        max(right_miss) as right_miss,
        coalesce(max(case when is_right then n_samples end), 0) as n_right,
        coalesce(max(case when not is_right then n_samples end), 0) as n_wrong,
        max(item_accuracy) * coalesce(max(case when is_right then mean_log_prob end), max(log_target))
        + (1 - max(item_accuracy)) * max(case when not is_right then mean_log_prob end) as log_center
    from groups
    inner join items using ({{ item }})
    group by {{ half }}, class_index
),

lost as (
    select
        {{ half }},
        is_right,
        answer_id,
        max(logs.n_samples) * (max(groups.n_samples) - 1) / max(groups.n_samples)
        * ln(
            sum(
                exp(
                    log_center
                    + case when is_right then centers.item_accuracy else 1 - centers.item_accuracy end
                    * (mean_log_prob - log_prob) / (groups.n_samples - 1)
                )
            )
            / sum(exp(log_center))
        ) as variance_lost
    from logs
    inner join groups using ({{ half }}, is_right, class_index)
    inner join centers using ({{ half }}, class_index)
    where groups.n_samples > 1 and n_wrong > 1
    group by {{ half }}, is_right, answer_id
),

corrections as (
    select
        {{ half }},
        sum(variance_lost) as correction
    from lost
    group by {{ half }}
),

parts as (
    select
        {{ half }},
        -max(case when is_target then log_center end) as error,
        greatest(-ln(sum(exp(log_center))), 0e0) as variance
    from centers
    group by {{ half }}
    having min(n_wrong) > 1 and (max(right_miss) = 0 or max(item_accuracy) = 0 or min(n_right) > 1)
)

select
    {{ item_keys() | join(", ") }},
    half,
    {{ settings }},
    'kl' as decomposition,
    error,
    variance,
    variance + correction as variance_unbiased
from parts
inner join corrections using ({{ half }})
inner join numbers using (item_number)
