{# How often a word occurs in a text, overlaps not counted. #}
{% macro n_occurrences(text, word) -%}
    {{ whole("length(" ~ text ~ ") - length(replace(" ~ text ~ ", '" ~ word ~ "', ''))", word | length) }}
{%- endmacro %}
