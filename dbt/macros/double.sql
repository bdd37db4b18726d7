{# A number that Jinja has worked out, as a double: `0.5` is a decimal, whose quotients and averages are cut off in some engines. #}
{% macro double(number) -%}{{ "%.17e" | format(number) }}{%- endmacro %}
{% macro doubles(numbers) -%}
    {%- for number in numbers %}{{ double(number | float) }}{{ ", " if not loop.last }}{% endfor -%}
{%- endmacro %}
