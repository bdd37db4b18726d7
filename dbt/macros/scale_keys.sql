{# What the figures over model size are keyed by, without the model. #}
{% macro scale_keys() %}
    {{
        return([
            "task", "condition_id", "model_family", "reference_model_id", "length_axis", "decomposition", "grouped_by",
            "group_rank", "item_group",
        ])
    }}
{% endmacro %}
