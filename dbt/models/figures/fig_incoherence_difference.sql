{% set measures = ["accuracy", "error", "bias_sq", "variance", "bias_sq_unbiased", "variance_unbiased"] %}

with

differences as (
    select * from {{ ref("fct_incoherence_difference") }}
),

models as (
    select * from {{ ref("dim_model") }}
),

conditions as (
    select * from {{ ref("dim_condition") }}
)

select
    {{ pool_figure_keys("differences") }},
    differences.compared,
    differences.other_model_id,
    other_models.model_family as other_model_family,
    other_models.param_count as other_param_count,
    other_models.is_simulated as other_is_simulated,
    differences.other_condition_id,
    other_conditions.condition_label as other_condition_label,
    other_conditions.prompt_format as other_prompt_format,
    other_conditions.reasoning_budget as other_reasoning_budget,
    differences.decomposition,
    differences.is_main_decomposition,
    differences.n_pairs_left_out,
    differences.n_items,
    {{ with_difference("differences", measures) }},
    differences.incoherence,
    differences.other_incoherence,
    differences.incoherence_difference,
    {{ with_difference("differences", ["incoherence_unbiased"]) }},
    differences.n_effective,
    differences.other_n_effective,
    differences.interval_note
from differences
inner join models on differences.model_id = models.model_id
inner join models as other_models on differences.other_model_id = other_models.model_id
inner join conditions on differences.condition_id = conditions.condition_id
inner join conditions as other_conditions on differences.other_condition_id = other_conditions.condition_id
order by task, compared, model_id, condition_id, other_model_id, other_condition_id, decomposition
