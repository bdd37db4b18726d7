{# What the analysts' tables are labelled with, so that nobody has to join: keys, model, condition, item. #}

{% macro wide_labels(relation) -%}
    {{ columns_of(relation, item_keys()) }},
    {{ columns_of("models", ["provider", "model_family", "model_type", "param_count", "is_simulated"]) }},
    {{ columns_of("conditions", [
        "condition_label", "prompt_format", "reasoning_budget", "n_shots", "temperature", "top_p", "max_tokens",
    ]) }},
    {{ columns_of("asked", ["subset", "subject", "human_difficulty", "n_choices"]) }}
{%- endmacro %}

{# Wants relations named models, conditions and asked (dim_item). #}
{% macro join_wide_labels(relation) -%}
left join models on {{ relation }}.model_id = models.model_id
left join conditions on {{ relation }}.condition_id = conditions.condition_id
left join asked on {{ relation }}.task = asked.task and {{ relation }}.item_id = asked.item_id
{%- endmacro %}
