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

summed as (
    select
        {{ group }},
        sum(total_length) / cast(sum(n_samples) as double) as mean_length,
        sum(n_correct) / cast(sum(n_samples) as double) as accuracy
    from answers
    group by {{ group }}
),

joined as (
    select
        {{ group }},
        decomposition,
        n_samples,
        mean_length,
        accuracy,
        error,
        bias_sq,
        variance,
        count(*) over (partition by {{ item_keys() | join(", ") }}, length_axis, decomposition) as n_halves
    from decomposed
    inner join summed using ({{ group }})
)

select
    {{ group }},
    decomposition,
    n_samples,
    mean_length,
    accuracy,
    error,
    bias_sq,
    variance,
    -- An item whose samples all lie on one side has nothing to compare with.
    n_halves = 2 as has_both_halves
from joined
