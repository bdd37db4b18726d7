{#
  A table, written in place, by one statement. dbt-duckdb's own writes beside the old one and renames both, with a query for
  every step, so that readers never miss it; readers of a warehouse read the published file, and DuckDB replaces a table in
  one transaction. What is called "main" is all that a table takes: dbt leaves it in its target folder, where
  `warehouse.first_build` finds it.
#}
{% materialization table, adapter="duckdb" %}
    {% set statements %}
        {% if config.get("contract").enforced %}
            {{ get_assert_columns_equivalent(compiled_code) }}
            create or replace table {{ this }} {{ get_table_columns_and_constraints() }};
            insert into {{ this }} {{ get_column_names() }} ({{ get_select_subquery(compiled_code) }})
        {% else %}
            create or replace table {{ this }} as ({{ compiled_code }})
        {% endif %}
        {% if config.persist_column_docs() %}
            ; {{ comments(this) }}
        {% endif %}
    {% endset %}
    {{ return(written_in_place("table", statements)) }}
{% endmaterialization %}

{# Write `this` by these statements, once what has its name and is of another type is gone. #}
{% macro written_in_place(type, statements) %}
    {% set existing = load_cached_relation(this) %}
    {% if existing is not none and existing.type != type %}
        {% do adapter.drop_relation(existing) %}
    {% endif %}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {% call statement("main") %}{{ statements }}{% endcall %}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({"relations": [this.incorporate(type=type)]}) }}
{% endmacro %}

{# Descriptions of a table and of its columns, in one statement; dbt's own asks twice which columns there are. #}
{% macro comments(relation) %}
    comment on table {{ relation }} is {{ duckdb_escape_comment(model.description) }};
    {% for name, column in model.columns.items() %}
        comment on column {{ relation }}.{{ adapter.quote(name) }} is {{ duckdb_escape_comment(column.description) }};
    {% endfor %}
{% endmacro %}
