{{ per_pool() }}
{#
  The KL decomposition of each half of an item's samples, both taken at the accuracy of the item, as int_overthinking_held_squares
  has it for squared errors: the mean logarithms of right and of wrong samples g are put together in the shares π_g of the item,

      ℓ[c] = Σ_g π_g mean_s∈g ln f′_s[c]      error = −ℓ[y]      variance = −ln Σ_c exp ℓ[c]

  and the variance is corrected by the jackknife, each sample left out of its own group (see jackknife_kl):
      variance_unbiased = variance + Σ_g (n_g − 1) · mean_s∈g (variance − variance without s). Right letters are the target.
#}
{% set settings = ["length_axis", "format_failures", "kl_delta"] %}
{% set half = (["item_number", "half"] + settings) | join(", ") %}
{% set side = ["item_number", "half", "is_right", "length_axis", "format_failures"] %}

with

numbers as (
    select * from {{ ref("int_item_numbers") }}
),

answers as (
    select * from {{ ref("int_overthinking_judged_answers") }}
    inner join numbers using ({{ item_keys() | join(", ") }})
),

sums as (
    {{ class_sums("answers", side, multiverse_deltas()) }}
),

centered as (
    {{ held_log_centers("sums", settings) }}
),

lost as (
    {{ lost_without_each("answers", "centered", side, multiverse_deltas(), center="log_center", share="share") }}
),

sides as (
    select
        {{ half }},
        is_right,
        sum(n_times) as n_samples,
        sum(total_lost) as total_lost
    from lost
    group by {{ half }}, is_right
),

corrections as (
    select
        {{ half }},
        sum((n_samples - 1) / n_samples * total_lost) as correction
    from sides
    group by {{ half }}
),

parts as (
    select
        {{ half }},
        -max(case when class_index = target_index then log_center end) as error,
        greatest(-ln(sum(exp(log_center))), 0e0) as variance
    from centered
    where not is_right
    group by {{ half }}
    having not bool_or(right_miss) or max(item_accuracy) = 0 or min(n_right) > 1
)

select
    {{ item_keys() | join(", ") }},
    half,
    {{ settings | join(", ") }},
    'kl' as decomposition,
    error,
    variance,
    variance + correction as variance_unbiased
from parts
inner join corrections using ({{ half }})
inner join numbers using (item_number)
