{#
  1 / degrees of freedom of a variance that units and contexts add to (Satterthwaite); rounding must not carry it above 1.
#}
{% macro inverse_freedom(unit_sq, unit_freedom, context_sq, n_contexts) -%}
    least(
        (
            pow({{ unit_sq }}, 2) / nullif({{ unit_freedom }}, 0)
            + case when {{ context_sq }} > 0 then pow({{ context_sq }}, 2) / ({{ n_contexts }} - 1) else 0e0 end
        ) / nullif(pow({{ unit_sq }} + {{ context_sq }}, 2), 0),
        1e0
    )
{%- endmacro %}

{# What is summed before anything else: items by var cluster, other units (starting points) stand for themselves. #}
{% macro cluster_of(unit) -%}
    {{ return("cluster_id" if unit == "item_id" and var("cluster") != "none" else unit) }}
{%- endmacro %}

{# A column of a unit; of a cluster, its sum. #}
{% macro unit_total(expression, unit) -%}
    {{ return("sum(" ~ expression ~ ")" if cluster_of(unit) != unit else expression) }}
{%- endmacro %}

{# A number next to 0 is rounding, not a result. #}
{% macro settled(number) -%}
    case when abs({{ number }}) < 1e-9 then 0e0 else {{ number }} end
{%- endmacro %}

{# An item's error in items that are always wrong, whose Brier error is 2; KL's has no such unit, and counts wrong answers. #}
{% macro error_share() -%}
    case decomposition
        when 'brier' then error / 2
        when 'kl' then 1 - accuracy
        when 'coverage' then error
        when 'score' then error
    end
{%- endmacro %}
