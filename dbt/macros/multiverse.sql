{# The δ that verdicts are held against: that of the findings first, and each once. #}
{% macro multiverse_deltas() %}
    {% set deltas = [var("kl_delta") | float] %}
    {% for delta in var("multiverse_deltas") %}
        {% if delta | float not in deltas %}{% do deltas.append(delta | float) %}{% endif %}
    {% endfor %}
    {{ return(deltas) }}
{% endmacro %}
