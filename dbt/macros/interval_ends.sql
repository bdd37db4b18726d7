{#
  An end of an interval, cut to [0, 1] as far as that leaves the estimate inside; greatest and least alone would turn a
  missing end into a bound.
#}
{% macro clipped(estimate, offset) -%}
    case
        when {{ estimate }} {{ offset }} is not null
            then greatest(least({{ estimate }} {{ offset }}, greatest({{ estimate }}, 1e0)), least({{ estimate }}, 0e0))
    end
{%- endmacro %}

{# The lower end of an interval, cut at 0 unless the estimate itself lies below, as a corrected one may. #}
{% macro from_zero(estimate, offset) -%}
    case when {{ estimate }} {{ offset }} is not null then greatest({{ estimate }} {{ offset }}, least({{ estimate }}, 0e0)) end
{%- endmacro %}

{# An end of an interval (greatest: the upper, least: the lower one) that reaches a bound which the truth cannot lie beyond. #}
{% macro reaching(of, end, bound) -%}
    case when {{ end }} is not null then {{ of }}({{ end }}, {{ bound }}) end
{%- endmacro %}

{# Estimates with the ends of their intervals: error and its two parts, or those named. #}
{% macro with_interval(relation="", names=["error", "bias_sq", "variance"]) -%}
    {%- set prefix = relation ~ "." if relation else "" -%}
    {%- for name in names %}
    {{ prefix }}{{ name }},
    {{ prefix }}{{ name }}_ci_low,
    {{ prefix }}{{ name }}_ci_high{{ "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}
