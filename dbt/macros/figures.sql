{# Key columns and labels of a pool; wants joins named models and conditions. #}
{% macro pool_figure_keys(relation) -%}
    {{ relation }}.task,
    {{ relation }}.model_id,
    models.model_family,
    models.param_count,
    models.is_simulated,
    {{ relation }}.condition_id,
    conditions.condition_label,
    conditions.prompt_format,
    conditions.reasoning_budget
{%- endmacro %}

{# Key columns and labels that the length figures start with; wants joins named models, conditions and pools. #}
{% macro length_figure_keys(relation) -%}
    {{ pool_figure_keys(relation) }},
    {{ relation }}.decomposition,
    {{ is_main_decomposition(relation) }},
    {{ relation }}.length_axis,
    {{ is_main_length_axis(relation) }}
{%- endmacro %}
