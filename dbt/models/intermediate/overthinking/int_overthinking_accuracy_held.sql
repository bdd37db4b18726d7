{#
  The squared-error decomposition of each half of an item's samples, both taken at the accuracy of the item: where wrong answers
  come out longer, the longer half errs more, and incoherence goes with the error even if wrong answers are no more scattered.

  Within a half the right and the wrong samples g have their own means and variances; they are put together in the shares π_g
  that they have in the whole item. Per component c of an answer (a class, a unit test), with target y, summed over components:

      error = Σ_g π_g mean_s∈g (y − f_s)²      bias² = (y − Σ_g π_g f̄_g)² − Σ_g π_g² · v_g / n_g      variance = error − bias²

  with v_g the unbiased variance within g, so that no half gains by its number of samples. A half needs two wrong samples; where
  right ones miss the target (stated probabilities) two right ones, too.
#}
{% set item = (item_keys() + ["length_axis"]) | join(", ") %}
{% set half = (item_keys() + ["length_axis", "half"]) | join(", ") %}

with

components as (
    select * from {{ ref("int_overthinking_components") }}
),

halves as (
    select * from {{ ref("int_overthinking_samples") }}
    where is_correct is not null
),

lengths as (
    select
        {{ half }},
        avg(sample_length) as mean_length,
        count(*) filter (where is_correct) / cast(count(*) as double) as accuracy
    from halves
    group by {{ half }}
),

accuracies as (
    select
        {{ item }},
        count(*) filter (where is_correct) / cast(count(*) as double) as item_accuracy
    from halves
    group by {{ item }}
),

shared as (
    select
        *,
        case when is_correct then item_accuracy else 1 - item_accuracy end as share,
        max(case when is_correct then abs(miss) else 0e0 end) over (
            partition by {{ item }}, decomposition
        ) as right_miss
    from components
    inner join accuracies using ({{ item }})
),

summed as (
    select
        {{ half }},
        decomposition,
        component,
        max(weight) as weight,
        max(item_accuracy) as item_accuracy,
        max(right_miss) as right_miss,
        coalesce(max(case when is_correct then n_samples end), 0) as n_right,
        coalesce(max(case when not is_correct then n_samples end), 0) as n_wrong,
        sum(share * (spread + pow(miss, 2))) as error,
        pow(sum(share * miss), 2) as miss_sq,
        sum(case when n_samples > 1 then share * share * spread / (n_samples - 1) else 0e0 end) as excess
    from shared
    group by {{ half }}, decomposition, component
),

held as (
    select
        {{ half }},
        decomposition,
        max(item_accuracy) as item_accuracy,
        sum(weight * error) as error,
        sum(weight * (error - miss_sq + excess)) as variance_unbiased
    from summed
    group by {{ half }}, decomposition
    having min(n_wrong) > 1 and (max(right_miss) = 0 or max(item_accuracy) = 0 or min(n_right) > 1)
)

select * from held
inner join lengths using ({{ half }})
qualify count(*) over (partition by {{ item }}, decomposition) = 2
