{# What the contrasts of findings are made of: name → (value of `side`, weight), see pooled_contrast. #}

{# An item's longer samples less its shorter ones. #}
{% macro longer_less_shorter() %}
    {{ return({"shorter": ("'shorter'", "-1e0"), "longer": ("'longer'", "1e0")}) }}
{% endmacro %}

{# The same under both budgets, on average. #}
{% macro longer_less_shorter_of_budgets() %}
    {{ return({
        "low_shorter": ("'low_shorter'", "-5e-1"),
        "low_longer": ("'low_longer'", "5e-1"),
        "high_shorter": ("'high_shorter'", "-5e-1"),
        "high_longer": ("'high_longer'", "5e-1"),
    }) }}
{% endmacro %}

{# That, less what the largest budget takes away. #}
{% macro overthinking_against_budgets() %}
    {% set sides = {"low": ("'low'", "-1e0"), "high": ("'high'", "1e0")} %}
    {% do sides.update(longer_less_shorter_of_budgets()) %}
    {{ return(sides) }}
{% endmacro %}

{# The rise of a learned optimizer from its first to its last step, less that of the exact one. #}
{% macro rise_against_exact() %}
    {{ return({
        "learned_first": ("'learned_first'", "-1e0"),
        "learned_final": ("'learned_final'", "1e0"),
        "exact_first": ("'exact_first'", "1e0"),
        "exact_final": ("'exact_final'", "-1e0"),
    }) }}
{% endmacro %}
