{#
  An end (sign "-" or "+") of Wilson's 95 % interval of the share k / n; it needs no normality and stays in [0, 1]. The share
  itself lies in it, also where rounding puts the end of 1000 of 1000 at 1 - 1e-16.
#}
{% macro wilson(k, n, sign) -%}
    {%- set z = 1.959963984540054 -%}
    {{ "least" if sign == "-" else "greatest" }}(
        {{ k }} / cast(nullif({{ n }}, 0) as double),
        (
            ({{ k }} + {{ double(z * z / 2) }})
            {{ sign }} {{ double(z) }} * sqrt({{ k }} * (1 - {{ k }} / cast(nullif({{ n }}, 0) as double)) + {{ double(z * z / 4) }})
        ) / ({{ n }} + {{ double(z * z) }})
    )
{%- endmacro %}
