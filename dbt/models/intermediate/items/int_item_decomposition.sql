{% set keys = item_keys() | join(", ") %}
{% set parts = ["error", "bias_sq", "variance", "bias_sq_unbiased", "variance_unbiased"] %}

with

numbers as (
    select * from {{ ref("int_item_numbers") }}
),

numbered as (
    {% for decomposition in ["kl", "brier", "zero_one"] %}
        select * from {{ ref("int_item_" ~ decomposition) }}
        {{ "union all" if not loop.last }}
    {% endfor %}
),

decompositions as (
    {% for decomposition in ["coverage", "score", "embedding"] %}
        select {{ (item_keys() + decomposition_columns()) | join(", ") }}
        from {{ ref("int_item_" ~ decomposition) }}
        {{ "where is_main" if decomposition == "embedding" }}
        union all
    {% endfor %}
    select {{ (item_keys() + decomposition_columns()) | join(", ") }}
    from numbered
    inner join numbers using (item_number)
),

contexts as (
    select
        {{ keys }},
        decomposition,
        max(variance_unbiased) as variance_across_contexts
    from {{ ref("int_item_contexts") }}
    group by {{ keys }}, decomposition
),

modes as (
    select * from {{ ref("int_item_modes") }}
),

samples as (
    select * from {{ ref("int_item_samples") }}
),

clusters as (
    select * from {{ ref("int_item_clusters") }}
),

corrected as (
    select
        {{ columns_of("decompositions", item_keys() + decomposition_columns()[:-2]) }},
        case
            when variance_across_contexts is not null then error - variance_across_contexts else bias_sq_unbiased
        end as bias_sq_unbiased,
        coalesce(variance_across_contexts, variance_unbiased) as variance_unbiased
    from decompositions
    left join contexts using ({{ keys }}, decomposition)
)

select
    ---------- ids
    {{ keys }},
    decomposition,
    cluster_id,

    ---------- samples
    corrected.n_samples,
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
    {% for part in parts %}
        {{ settled(part) }} as {{ part }},
    {% endfor %}
    case
        when decomposition <> 'zero_one' and corrected.n_samples > 1 then {{ incoherence("variance", "error") }}
    end as incoherence,

    ---------- what an interval needs
    {{ error_share() }} as error_share,
    case
        when decomposition = 'kl'
            then mode_lead - {{ var("min_mode_lead") }} - {{ var("min_mode_lead_per_sample") }} * corrected.n_samples
    end as mode_margin,
    case when decomposition = 'kl' then excess_agreement end as excess_agreement
from corrected
inner join samples using ({{ keys }})
inner join clusters using (task, item_id)
left join modes using ({{ keys }})
