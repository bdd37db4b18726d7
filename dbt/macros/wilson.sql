{# An end (sign "-" or "+") of Wilson's 95 % interval of the share k / n; it needs no normality and stays in [0, 1]. #}
{% macro wilson(k, n, sign) -%}
    {%- set z = 1.959963984540054 -%}
    (
        ({{ k }} + {{ double(z * z / 2) }})
        {{ sign }} {{ double(z) }} * sqrt({{ k }} * (1 - {{ k }} / cast(nullif({{ n }}, 0) as double)) + {{ double(z * z / 4) }})
    ) / ({{ n }} + {{ double(z * z) }})
{%- endmacro %}
