{{ per_pool() }}

{#
  The squared-error decomposition of each half of an item's samples, both taken at the accuracy of the item: where wrong answers
  come out longer, the longer half errs more, and incoherence goes with the error even if wrong answers are no more scattered.

  Within a half the right and the wrong samples g have their own means and variances; they are put together in the shares π_g
  that they have in the whole item. Per component c of an answer (a class, a unit test), with target y, summed over components:

      error = Σ_g π_g mean_s∈g (y − f_s)²      bias² = (y − Σ_g π_g f̄_g)² − Σ_g π_g² · v_g / n_g      variance = error − bias²

  with v_g the unbiased variance within g, so that no half gains by its number of samples (the plug-in leaves the last term out). A
  half needs two wrong samples; where right ones miss the target (stated probabilities) two right ones, too.
#}
{% set settings = "length_axis, format_failures, decomposition" %}
{% set item = "item_number, " ~ settings %}
{% set half = "item_number, half, " ~ settings %}
{% set share = "case when is_right then item_accuracy else 1 - item_accuracy end" %}

with

numbers as (
    select * from {{ ref("int_item_numbers") }}
),

components as (
    select * from {{ ref("int_overthinking_components") }}
    inner join numbers using ({{ item_keys() | join(", ") }})
),

accuracies as (
    select
        {{ item }},
        component,
        sum(case when is_right then n_samples else 0 end) / cast(sum(n_samples) as double) as item_accuracy
    from components
    group by {{ item }}, component
),

right_misses as (
    select
        {{ item }},
        max(case when is_right then abs(miss) else 0e0 end) as right_miss
    from components
    group by {{ item }}
),

summed as (
    select
        {{ half }},
        component,
        max(weight) as weight,
        max(item_accuracy) as item_accuracy,
        coalesce(max(case when is_right then n_samples end), 0) as n_right,
        coalesce(max(case when not is_right then n_samples end), 0) as n_wrong,
        sum({{ share }} * (spread + pow(miss, 2))) as error,
        pow(sum({{ share }} * miss), 2) as miss_sq,
        sum(case when n_samples > 1 then pow({{ share }}, 2) * spread / (n_samples - 1) else 0e0 end) as excess
    from components
    inner join accuracies using ({{ item }}, component)
    group by {{ half }}, component
),

held as (
    select
        {{ half }},
        sum(weight * error) as error,
        sum(weight * (error - miss_sq)) as variance,
        sum(weight * (error - miss_sq + excess)) as variance_unbiased
    from summed
    inner join right_misses using ({{ item }})
    group by {{ half }}
    having min(n_wrong) > 1 and (max(right_miss) = 0 or max(item_accuracy) = 0 or min(n_right) > 1)
)

select
    {{ item_keys() | join(", ") }},
    half,
    {{ settings }},
    -- KL alone depends on δ.
    0e0 as kl_delta,
    error,
    variance,
    variance_unbiased
from held
inner join numbers using (item_number)
