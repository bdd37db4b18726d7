{# The δ that verdicts are held against: that of the findings first, and each once. #}
{% macro multiverse_deltas() %}
    {% set deltas = [var("kl_delta") | float] %}
    {% for delta in var("multiverse_deltas") %}
        {% if delta | float not in deltas %}{% do deltas.append(delta | float) %}{% endif %}
    {% endfor %}
    {{ return(deltas) }}
{% endmacro %}

{# What every way of analysing items is told apart by. #}
{% macro multiverse_ways() %}
    {{ return(["decomposition", "kl_delta", "format_failures", "estimator", "length_axis"]) }}
{% endmacro %}

{# Estimator → the column of its variance. #}
{% macro estimators() %}{{ return({"corrected": "variance_unbiased", "plug_in": "variance"}) }}{% endmacro %}

{# Only KL depends on δ: the others are kept at a δ of 0. #}
{% macro delta_of_kl(delta) -%}
    case when decomposition = 'kl' then cast({{ delta }} as double) else 0e0 end
{%- endmacro %}

{# Of what kl_and_brier tells at all these δ, what is not told as the findings are. #}
{% macro is_other_way() -%}
    (format_failures = 'left_out' or kl_delta <> {{ double(multiverse_deltas() | first) }})
{%- endmacro %}
