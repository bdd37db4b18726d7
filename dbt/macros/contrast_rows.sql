{# A row per pair of conditions of a task and model that differ in one setting, and decomposition, for figures and findings alike. #}
{% macro contrast_rows() %}
{% set measures = ["accuracy", "error", "bias_sq_unbiased", "variance_unbiased", "incoherence_unbiased"] %}
select
    {{ pool_figure_keys("differences") }},
    pairs.setting,
    pairs.setting_value,
    differences.other_condition_id,
    other_conditions.condition_label as other_condition_label,
    pairs.other_setting_value,
    pairs.is_from_baseline,
    differences.n_pairs_left_out,
    differences.decomposition,
    differences.is_main_decomposition,
    differences.n_items,
    {% for side in ["", "other_"] %}
        differences.n_items * differences.{{ side }}error / {{ always_wrong("differences.decomposition") }}
            as {{ side }}n_wrong_items,
    {% endfor %}
    {{ with_difference("differences", measures) }},
    differences.incoherence,
    differences.other_incoherence,
    differences.incoherence_difference,
    differences.n_effective,
    differences.other_n_effective,
    differences.interval_note
from {{ ref("fct_incoherence_difference") }} as differences
inner join {{ ref("int_pool_pairs") }} as pairs using ({{ pair_keys() | join(", ") }})
inner join {{ ref("dim_model") }} as models on differences.model_id = models.model_id
inner join {{ ref("dim_condition") }} as conditions on differences.condition_id = conditions.condition_id
inner join {{ ref("dim_condition") }} as other_conditions on differences.other_condition_id = other_conditions.condition_id
where differences.compared = 'conditions' and pairs.setting is not null
{% endmacro %}
