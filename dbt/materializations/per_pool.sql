{#
  See macro `per_pool`. Beside each such table lies `built_from_<table>`, written in the transaction that writes the table:
  the fingerprint of every pool that the table was built from, which holds the project's text, its variables and
  versions too (BUILD_CODE, from `warehouse.dbt_command`). Whenever a build was killed, a table is either as it was,
  with the fingerprints that it had, or as it is to be.
#}
{% materialization per_pool, adapter="duckdb" %}
    {% set existing = load_cached_relation(this) %}
    {% set target_relation = this.incorporate(type="table") %}
    {% set built_from = this.incorporate(path={"identifier": "built_from_" ~ this.identifier}, type="table") %}
    {% if existing is not none and not existing.is_table %}
        {% do adapter.drop_relation(existing) %}
    {% endif %}
    {% set is_known = existing is not none and existing.is_table and load_cached_relation(built_from) is not none %}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {% set n_pools = find_pools() %}
    {% set n_changed = n_pools %}
    {% if is_known and not should_full_refresh() %}
        {% set n_changed = find_changed_pools(built_from) %}
    {% endif %}
    {% if n_changed >= n_pools %}
        {% call statement("main") %}
            create or replace table {{ target_relation }} as ({{ compiled_code }})
        {% endcall %}
    {% elif n_changed %}
        {% set of_changed = of_changed_pools(compiled_code) %}
        {% call statement("deleted") %}
            delete from {{ target_relation }}
            where ({{ pool_keys() | join(", ") }}) in (select ({{ pool_keys() | join(", ") }}) from changed_pools)
        {% endcall %}
        {% call statement("main") %}
            insert into {{ target_relation }} by name ({{ of_changed }})
        {% endcall %}
    {% endif %}
    {% call statement("remembered") %}
        create or replace table {{ built_from }} as from pools_now
    {% endcall %}
    {% set told = n_changed ~ " of " ~ n_pools ~ " pools" %}
    {% do store_raw_result("main", message=told, code=told, rows_affected=none) %}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({"relations": [target_relation]}) }}
{% endmaterialization %}

{# Fills `pools_now` with the pools that there are and their fingerprints; returns their number. #}
{% macro find_pools() %}
    {% call statement("pools") %}
        create or replace temp table pools_now as
        select
            {{ pool_keys() | join(", ") }},
            md5(concat(fingerprint, '{{ env_var("BUILD_CODE") }}')) as fingerprint
        from {{ ref("int_pool_contents") }}
    {% endcall %}
    {{ return(run_query("select count(*) from pools_now")[0][0]) }}
{% endmacro %}

{# Fills `changed_pools` with those that are new, gone or have another fingerprint than before; returns their number. #}
{% macro find_changed_pools(built_from) %}
    {% call statement("changed") %}
        create or replace temp table changed_pools as
        select {{ pool_keys() | join(", ") }}
        from pools_now
        full outer join {{ built_from }} as before using ({{ pool_keys() | join(", ") }})
        where pools_now.fingerprint is distinct from before.fingerprint
    {% endcall %}
    {{ return(run_query("select count(*) from changed_pools")[0][0]) }}
{% endmacro %}

{# SQL in whose tables only the changed pools are seen, through temporary views of the tables' names. #}
{% macro of_changed_pools(sql) %}
    {% set read = {"sql": sql} %}
    {% for id in model.depends_on.nodes if id in graph.nodes %}
        {% set parent = graph.nodes[id] %}
        {% set relation = api.Relation.create(parent.database, parent.schema, parent.alias) %}
        {% set columns = adapter.get_columns_in_relation(relation) | map(attribute="name") | list %}
        {% set keys = pool_keys() if "condition_id" in columns else ["item_number"] %}
        {% if keys | reject("in", columns) | list | length == 0 %}
            {% call statement("seen") %}
                create or replace temp view {{ adapter.quote(parent.alias) }} as
                from {{ relation }}
                semi join {{ "changed_pools" if keys == pool_keys() else changed_items() }} using ({{ keys | join(", ") }})
            {% endcall %}
            {% set seen = "temp.main." ~ adapter.quote(parent.alias) %}
            {% do read.update(sql=read.sql | replace(parent.relation_name, seen)) %}
        {% endif %}
    {% endfor %}
    {{ return(read.sql) }}
{% endmacro %}

{% macro changed_items() %}
    (from {{ this.incorporate(path={"identifier": "int_item_numbers"}) }} semi join changed_pools using ({{ pool_keys() | join(", ") }}))
{% endmacro %}
