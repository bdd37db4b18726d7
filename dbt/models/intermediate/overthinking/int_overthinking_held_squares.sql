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
{% set item = (item_keys() + ["length_axis", "format_failures", "decomposition"]) | join(", ") %}
{% set half = (item_keys() + ["length_axis", "half", "format_failures", "decomposition"]) | join(", ") %}

with

components as (
    select * from {{ ref("int_overthinking_components") }}
),

shared as (
    select
        *,
        sum(case when is_right then n_samples else 0 end) over (partition by {{ item }}, component)
        / cast(sum(n_samples) over (partition by {{ item }}, component) as double) as item_accuracy,
        max(case when is_right then abs(miss) else 0e0 end) over (partition by {{ item }}) as right_miss
    from components
),

summed as (
    select
        {{ half }},
        component,
        max(weight) as weight,
        max(item_accuracy) as item_accuracy,
        max(right_miss) as right_miss,
        coalesce(max(case when is_right then n_samples end), 0) as n_right,
        coalesce(max(case when not is_right then n_samples end), 0) as n_wrong,
        sum(case when is_right then item_accuracy else 1 - item_accuracy end * (spread + pow(miss, 2))) as error,
        pow(sum(case when is_right then item_accuracy else 1 - item_accuracy end * miss), 2) as miss_sq,
        sum(
            case
                when n_samples > 1
                    then
                        pow(case when is_right then item_accuracy else 1 - item_accuracy end, 2)
                        * spread / (n_samples - 1)
                else 0e0
            end
        ) as excess
    from shared
    group by {{ half }}, component
)

select
    {{ half }},
    -- KL alone depends on δ.
    0e0 as kl_delta,
    sum(weight * error) as error,
    sum(weight * (error - miss_sq)) as variance,
    sum(weight * (error - miss_sq + excess)) as variance_unbiased
from summed
group by {{ half }}
having min(n_wrong) > 1 and (max(right_miss) = 0 or max(item_accuracy) = 0 or min(n_right) > 1)
