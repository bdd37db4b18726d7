{% set measures = ["accuracy", "error", "bias_sq_unbiased", "variance_unbiased", "incoherence_unbiased"] %}

with

differences as (
    select * from {{ ref("fct_incoherence_difference") }}
    where compared = 'conditions'
),

pairs as (
    select * from {{ ref("int_pool_pairs") }}
    where setting is not null
),

models as (
    select * from {{ ref("dim_model") }}
),

conditions as (
    select * from {{ ref("dim_condition") }}
),

contrasts as (
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
    from differences
    inner join pairs using ({{ pair_keys() | join(", ") }})
    inner join models on differences.model_id = models.model_id
    inner join conditions on differences.condition_id = conditions.condition_id
    inner join conditions as other_conditions on differences.other_condition_id = other_conditions.condition_id
),

judged as (
    select
        *,
        {{ contrast_verdict() }} as verdict
    from contrasts
)

select
    *,
    {{ contrast_sentence() }} as sentence
from judged
order by task, model_id, setting, condition_id, other_condition_id, decomposition
