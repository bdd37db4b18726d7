{# Schemas are named by layer alone, on every target: the published file has `marts.…`, never `main_marts.…`. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name | trim if custom_schema_name else target.schema }}
{%- endmacro %}
