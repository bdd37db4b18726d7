{#
  See macro `per_pool`. Beside each such table lies `built_from_<table>`, written in the transaction that writes the table:
  the fingerprint of every pool that the table was built from, which holds the project's text, its variables and
  versions too (BUILD_CODE, from `warehouse.dbt_command`). Whenever a build was killed, a table is either as it was,
  with the fingerprints that it had, or as it is to be.

  Pools are taken so many at a time as have some SAMPLES_AT_ONCE samples: what a model holds in memory grows with that, not
  with the warehouse.
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
    {% set n_changed = find_changed_pools(built_from if is_known and not should_full_refresh() else none) %}
    {% set batches = run_query("select distinct batch from changed_pools order by batch").columns[0].values() %}
    {% set is_whole = n_changed >= n_pools %}
    {% if is_whole and batches | length < 2 %}
        {% call statement("main") %}
            create or replace table {{ target_relation }} as ({{ compiled_code }});
            {{ remembered(built_from) }}
        {% endcall %}
    {% elif n_changed %}
        {% set of_batch = of_pools_at_work(compiled_code) %}
        {% call statement("cleared") %}
            {% if is_whole %}
                create or replace table {{ target_relation }} ({{ columns_with_types(compiled_code) }})
            {% else %}
                delete from {{ target_relation }}
                where ({{ pool_keys() | join(", ") }}) in (select ({{ pool_keys() | join(", ") }}) from changed_pools)
            {% endif %}
        {% endcall %}
        {% for batch in batches %}
            {% do run_query("create or replace temp table pools_at_work as from changed_pools where batch = " ~ batch) %}
            {% call statement("main") %}
                insert into {{ target_relation }} by name ({{ of_batch }})
            {% endcall %}
        {% endfor %}
    {% endif %}
    {% if not (is_whole and batches | length < 2) %}
        {% call statement("remembered") %}{{ remembered(built_from) }}{% endcall %}
    {% endif %}
    {% set told = n_changed ~ " of " ~ n_pools ~ " pools" %}
    {% do store_raw_result("main", message=told, code=told, rows_affected=none) %}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({"relations": [target_relation]}) }}
{% endmaterialization %}

{# The pools that there are and their fingerprints. #}
{% macro pools_now() %}
    select
        {{ pool_keys() | join(", ") }},
        n_samples,
        md5(concat(fingerprint, '{{ env_var("BUILD_CODE") }}')) as fingerprint
    from {{ ref("int_pool_contents") }}
{% endmacro %}

{# Reads no temporary table: with the statement before it, this is all that a table of all pools takes. #}
{% macro remembered(built_from) %}
    create or replace table {{ built_from }} as select * exclude (n_samples) from ({{ pools_now() }})
{% endmacro %}

{# Fills `pools_now`; returns the number of pools. #}
{% macro find_pools() %}
    {% call statement("pools") %}create or replace temp table pools_now as {{ pools_now() }}{% endcall %}
    {{ return(run_query("select count(*) from pools_now")[0][0]) }}
{% endmacro %}

{#
  Fills `changed_pools` with those that are new, gone or have another fingerprint than before (with none before: all), each with
  the number of its batch; returns their number.
#}
{% macro find_changed_pools(built_from) %}
    {% set at_once = "null" if model.config.meta.all_at_once else env_var("SAMPLES_AT_ONCE") | int %}
    {% call statement("changed") %}
        create or replace temp table changed_pools as
        select
            {{ pool_keys() | join(", ") }},
            coalesce(sum(n_samples) over before_it // {{ at_once }}, 0) as batch
        from pools_now
        {% if built_from is not none %}
            full outer join {{ built_from }} as before using ({{ pool_keys() | join(", ") }})
            where pools_now.fingerprint is distinct from before.fingerprint
        {% endif %}
        window before_it as (order by {{ pool_keys() | join(", ") }} rows between unbounded preceding and 1 preceding)
    {% endcall %}
    {{ return(run_query("select count(*) from changed_pools")[0][0]) }}
{% endmacro %}

{#
  For a table without rows. `create … as … limit 0` is no way to it: DuckDB 2.0 then believes that there is no text in it, and filters
  find nothing of what is inserted in the same transaction.
#}
{% macro columns_with_types(sql) %}
    {% for column in run_query("describe from (" ~ sql ~ ")").rows %}
        {{ adapter.quote(column[0]) }} {{ column[1] }}{{ "," if not loop.last }}
    {% endfor %}
{% endmacro %}

{# SQL in whose tables only `pools_at_work` are seen, through temporary views of the tables' names. #}
{% macro of_pools_at_work(sql) %}
    {% do run_query("create or replace temp table pools_at_work as from changed_pools limit 0") %}
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
                semi join {{ "pools_at_work" if keys == pool_keys() else items_at_work() }} using ({{ keys | join(", ") }})
            {% endcall %}
            {% set seen = "temp.main." ~ adapter.quote(parent.alias) %}
            {% do read.update(sql=read.sql | replace(parent.relation_name, seen)) %}
        {% endif %}
    {% endfor %}
    {{ return(read.sql) }}
{% endmacro %}

{% macro items_at_work() %}
    (from {{ this.incorporate(path={"identifier": "int_item_numbers"}) }} semi join pools_at_work using ({{ pool_keys() | join(", ") }}))
{% endmacro %}
