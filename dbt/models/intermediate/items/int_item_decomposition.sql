{% set keys = item_keys() | join(", ") %}

with

decompositions as (
    {% for decomposition in ["kl", "brier", "zero_one", "coverage", "score", "embedding"] %}
        select {{ (item_keys() + decomposition_columns()) | join(", ") }}
        from {{ ref("int_item_" ~ decomposition) }}
        {{ "where is_main" if decomposition == "embedding" }}
        {{ "union all" if not loop.last }}
    {% endfor %}
),

samples as (
    select * from {{ ref("int_item_samples") }}
)

select
    ---------- ids
    {{ keys }},
    decomposition,

    ---------- samples
    decompositions.n_samples,
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
    case when decomposition <> 'zero_one' then {{ incoherence("variance", "error") }} end as incoherence,
    bias_sq_unbiased,
    variance_unbiased
from decompositions
inner join samples using ({{ keys }})
