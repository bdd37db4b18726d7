{% set keys = model_pair_keys() %}
{% set pair = keys | join(", ") %}

with

items as (
    select
        shared.*,
        shared.both_wrong as error,
        shared.wrong_alike as variance_unbiased,
        clusters.cluster_id
    from {{ ref("int_shared_error_items") }} as shared
    inner join {{ ref("int_item_clusters") }} as clusters using (task, item_id)
),

-- The ratio of two sums over items, as incoherence is.
ratios as (
    {{ corrected_incoherence("items", keys, floor=0, is_gated=false) }}
),

chances as (
    select * from {{ ref("int_shared_errors") }}
),

models as (
    select * from {{ ref("dim_model") }}
),

conditions as (
    select * from {{ ref("dim_condition") }}
)

select
    {{ pool_figure_keys("ratios") }},
    ratios.other_model_id,
    other_models.model_family as other_model_family,
    other_models.param_count as other_param_count,
    other_models.is_simulated as other_is_simulated,
    chances.n_other_models,
    chances.n_items,
    ratios.n_effective,
    ratios.incoherence_unbiased as agreement,
    ratios.incoherence_unbiased_ci_low as agreement_ci_low,
    ratios.incoherence_unbiased_ci_high as agreement_ci_high,
    {{ agreement_note("ratios.interval_note") }} as interval_note,
    chances.agreement_at_random,
    chances.n_items_compared,
    chances.agreement_by_chance,
    chances.excess_over_chance,
    chances.excess_over_chance - chances.reach_below as excess_over_chance_ci_low,
    chances.excess_over_chance + chances.reach_above as excess_over_chance_ci_high,
    chances.excess_note
from ratios
inner join chances using ({{ pair }})
inner join models on ratios.model_id = models.model_id
inner join models as other_models on ratios.other_model_id = other_models.model_id
inner join conditions on ratios.condition_id = conditions.condition_id
order by task, model_id, condition_id, other_model_id
