with

decompositions as (
    select * from {{ ref("int_item_decomposition") }}
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

    ---------- decomposition
    error,
    bias_sq,
    variance,
    incoherence,
    bias_sq_unbiased,
    variance_unbiased
from decompositions
