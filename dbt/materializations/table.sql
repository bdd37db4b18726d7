{#
  A table, written in place. dbt-duckdb's own writes beside the old one and renames both, with a query for every step, so
  that readers never miss it; readers of a warehouse read the published file, and DuckDB replaces a table in one
  transaction.
#}
{% materialization table, adapter="duckdb" %}
    {% set existing = load_cached_relation(this) %}
    {% set target_relation = this.incorporate(type="table") %}
    {% if existing is not none and not existing.is_table %}
        {% do adapter.drop_relation(existing) %}
    {% endif %}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {% call statement("main") %}
        {% if config.get("contract").enforced %}
            {{ get_assert_columns_equivalent(compiled_code) }}
            create or replace table {{ target_relation }} {{ get_table_columns_and_constraints() }};
            insert into {{ target_relation }} {{ get_column_names() }} ({{ get_select_subquery(compiled_code) }})
        {% else %}
            create or replace table {{ target_relation }} as ({{ compiled_code }})
        {% endif %}
    {% endcall %}

    {% if config.persist_column_docs() %}
        {% call statement("described") %}{{ comments(target_relation) }}{% endcall %}
    {% endif %}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({"relations": [target_relation]}) }}
{% endmaterialization %}

{# Descriptions of a table and of its columns, in one statement; dbt's own asks twice which columns there are. #}
{% macro comments(relation) %}
    comment on table {{ relation }} is {{ duckdb_escape_comment(model.description) }};
    {% for name, column in model.columns.items() %}
        comment on column {{ relation }}.{{ adapter.quote(name) }} is {{ duckdb_escape_comment(column.description) }};
    {% endfor %}
{% endmacro %}
