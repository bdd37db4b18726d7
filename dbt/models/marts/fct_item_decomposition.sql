with

decompositions as (
    select * from {{ ref("int_item_decomposition") }}
),

samples as (
    select * from {{ ref("stg_samples") }}
),

last_samples as (
    select
        {{ item_keys() | join(", ") }},
        max(created_at) as last_sampled_at
    from samples
    group by {{ item_keys() | join(", ") }}
)

select
    ---------- ids
    {{ item_keys() | join(", ") }},
    decomposition,

    ---------- samples
    n_samples,
    n_format_failures,
    n_renormalised,
    n_errors,
    n_refused,
    mean_output_tokens,
    mean_reasoning_tokens,
    mean_actions,
    accuracy,
    mean_score,

    ---------- decomposition
    error,
    bias_sq,
    variance,
    incoherence,
    bias_sq_unbiased,
    variance_unbiased,

    ---------- times
    last_sampled_at
from decompositions
inner join last_samples using ({{ item_keys() | join(", ") }})
