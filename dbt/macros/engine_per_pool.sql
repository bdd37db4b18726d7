{#
  Models that a build computes only for the pools that have changed: `{{ per_pool() }}` in the first line, and no other
  difference in their SQL. Such a model must be separable: its rows of a pool follow from the rows of that pool in its parents,
  and those, all the way up, from what `int_pool_contents` has a fingerprint of (tests/dbt/test_incremental.py holds
  them to it). On other engines, and with `--full-refresh`, it is a table like any other.

  all_at_once: for models that hold little and read what is not stored by pool, again for each batch of pools.
#}
{% macro per_pool(all_at_once=false) %}{{ return(adapter.dispatch("per_pool")(all_at_once)) }}{% endmacro %}
{% macro default__per_pool(all_at_once) %}{% endmacro %}
{% macro duckdb__per_pool(all_at_once) %}
    {% do config(materialized="per_pool", meta={"all_at_once": all_at_once}) %}
    -- depends_on: {{ ref("int_pool_contents") }}
{% endmacro %}

{# What the rows of a relation hold, for each pool, in whatever order they lie. #}
{% macro pool_contents(relation) %}
    select
        {{ pool_keys() | join(", ") }},
        count(*) as n_rows,
        concat_ws(' ', count(*), sum(hash(pool_rows)), bit_xor(hash(pool_rows))) as contents
    from {{ relation }} as pool_rows
    group by {{ pool_keys() | join(", ") }}
{% endmacro %}

{# Files of a raw table, with what tells that one was replaced. No file is opened. #}
{% macro raw_files(table) %}
    select
        filename as raw_file,
        size as raw_file_bytes,
        {{ utc("last_modified") }} as raw_file_modified
    from read_blob('{{ env_var("WAREHOUSE_ROOT", "../warehouse/data") }}/raw/{{ table }}/**/[!.]*.parquet')
{% endmacro %}
