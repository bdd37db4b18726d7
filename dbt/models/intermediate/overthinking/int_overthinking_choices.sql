{{ per_pool() }}

{% set half_keys = ["item_number", "length_axis", "half"] %}
{% set group = half_keys | join(", ") %}

with

numbers as (
    select * from {{ ref("int_item_numbers") }}
),

answers as (
    select * from {{ ref("int_overthinking_answers") }}
    inner join numbers using ({{ item_keys() | join(", ") }})
),

decomposed as (
    {{ kl_and_brier("answers", half_keys) }}
),

-- The jackknife leaves a bias that depends on how many samples there are, so that of KL two halves can only be compared
-- at equal numbers: the larger one is corrected from as many of its samples as the smaller one has.
larger as (
    select {{ group }}
    from answers
    group by {{ group }}
    having sum(n_matched) < sum(n_samples)
),

matched_answers as (
    select
        {{ group }},
        {{ answer_columns() | join(", ") }},
        n_matched as n_samples
    from answers
    inner join larger using ({{ group }})
    where n_matched > 0
),

matched as (
    select * from ({{ kl_and_brier("matched_answers", half_keys) }}) as matched_halves
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
    {{ item_keys() | join(", ") }},
    length_axis,
    half,
    decomposition,
    n_samples,
    error,
    bias_sq,
    variance,
    -- The error is a mean over samples: what is corrected moves between its two parts.
    error - variance_unbiased as bias_sq_unbiased,
    variance_unbiased
from corrected
inner join numbers using (item_number)
