{#
  Seeds on Spark. dbt-spark's own binding of values makes the text `None` of an empty cell, and ends at an apostrophe.
  Types have DuckDB's names in `seeds/_seeds.yml`.
#}

{% macro spark__create_csv_table(model, agate_table) %}
    {%- set types = model.config.column_types -%}
    {% set sql %}
        create table {{ this.render() }} (
            {%- for column in agate_table.column_names %}
            {{ adapter.quote(column) }} {{ spark_type(types[column]) }}{{ "," if not loop.last }}
            {%- endfor %}
        ) {{ file_format_clause() }}
    {% endset %}
    {% call statement("_") %}{{ sql }}{% endcall %}
    {{ return(sql) }}
{% endmacro %}

{% macro spark__load_csv_rows(model, agate_table) %}
    {%- set types = model.config.column_types -%}
    {% set sql %}
        insert into {{ this.render() }} values
        {% for row in agate_table.rows %}
        (
            {%- for value in row -%}
            cast({{ spark_text(value) }} as {{ spark_type(types[agate_table.column_names[loop.index0]]) }}){{ "," if not loop.last }}
            {%- endfor -%}
        ){{ "," if not loop.last }}
        {% endfor %}
    {% endset %}
    {% do adapter.add_query(sql, abridge_sql_log=True) %}
    {{ return(sql) }}
{% endmacro %}

{% macro spark_type(type) %}{{ {"varchar": "string", "integer": "int"}.get(type, type) }}{% endmacro %}

{% macro spark_text(value) %}{% if value is none %}null{% else %}'{{ value | string | replace("\\", "\\\\") | replace("'", "\\'") }}'{% endif %}{% endmacro %}
