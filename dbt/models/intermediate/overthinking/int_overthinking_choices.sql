{{ per_pool() }}

{% set half_keys = item_keys() + ["length_axis", "half"] %}
{% set group = half_keys | join(", ") %}

with

answers as (
    select * from {{ ref("int_overthinking_answers") }}
),

probabilities as (
    {{ class_probabilities("answers", half_keys) }}
),

decomposed as (
    {{ kl_and_brier("probabilities", half_keys) }}
),

-- The jackknife leaves a bias that depends on how many samples there are, so that of KL two halves can only be compared
-- at equal numbers: the larger one is corrected from as many of its samples as the smaller one has.
counted as (
    select
        *,
        sum(n_samples) over (partition by {{ group }}) as n_in_half,
        sum(n_matched) over (partition by {{ group }}) as n_matched_in_half
    from answers
),

matched_answers as (
    select
        {{ group }},
        n_classes,
        target_index,
        answer_kind,
        choice_index,
        class_probs,
        prob_total,
        predicted_index,
        n_matched as n_samples
    from counted
    where n_matched > 0 and n_matched_in_half < n_in_half
),

matched_probabilities as (
    {{ class_probabilities("matched_answers", half_keys) }}
),

matched as (
    select * from ({{ kl_and_brier("matched_probabilities", half_keys) }}) as matched_halves
    where decomposition = 'kl'
),

corrected as (
    select
        {{ group }},
        decomposition,
        decomposed.n_samples,
        decomposed.error,
        decomposed.bias_sq,
        decomposed.variance,
        case
            when matched.n_samples is null then decomposed.variance_unbiased
            else matched.variance_unbiased
        end as variance_unbiased
    from decomposed
    left join matched using ({{ group }}, decomposition)
)

select
    {{ group }},
    decomposition,
    n_samples,
    error,
    bias_sq,
    variance,
    -- The error is a mean over samples: what is corrected moves between its two parts.
    error - variance_unbiased as bias_sq_unbiased,
    variance_unbiased
from corrected
