with

pairs as (
    select * from {{ ref("int_matched_incoherence") }}
),

models as (
    select * from {{ ref("dim_model") }}
),

conditions as (
    select * from {{ ref("dim_condition") }}
)

select
    {{ pool_figure_keys("pairs") }},
    pairs.compared,
    pairs.other_model_id,
    other_models.model_family as other_model_family,
    other_models.param_count as other_param_count,
    other_models.is_simulated as other_is_simulated,
    pairs.other_condition_id,
    other_conditions.condition_label as other_condition_label,
    other_conditions.prompt_format as other_prompt_format,
    other_conditions.reasoning_budget as other_reasoning_budget,
    pairs.n_items,
    pairs.accuracy,
    pairs.other_accuracy,
    pairs.incoherence_unbiased,
    pairs.other_incoherence_unbiased,
    pairs.is_other_matched,
    pairs.odds_factor,
    pairs.matched_incoherence,
    pairs.matched_difference,
    pairs.matched_difference - pairs.half_width as matched_difference_ci_low,
    pairs.matched_difference + pairs.half_width as matched_difference_ci_high,
    pairs.matched_note
from pairs
inner join models on pairs.model_id = models.model_id
inner join models as other_models on pairs.other_model_id = other_models.model_id
inner join conditions on pairs.condition_id = conditions.condition_id
inner join conditions as other_conditions on pairs.other_condition_id = other_conditions.condition_id
order by task, compared, model_id, condition_id, other_model_id, other_condition_id
