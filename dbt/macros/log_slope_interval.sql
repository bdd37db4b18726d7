{#
  The slopes of log_slope_influences with their 95 % intervals (sandwich_interval), over clusters: an item that several models
  answered is one, and with var cluster all items of one (cluster_of). Two numbers are fitted, a level and the slope. Where items
  share few-shot contexts, so do their influences: see shared_contexts; contexts: rows of int_item_contexts, which join by context_keys.

  No slope where Newton's method has not come to an end. total_error is in units of an item that is always wrong. See
  benchmarks/slope_coverage.py for what the interval covers.
#}
{% macro log_slopes(influences, keys, contexts=none, context_keys=none) %}
    {% set group = keys | join(", ") %}
    {% set cluster = cluster_of("item_id") %}
    with clustered as (
        select * from {{ influences }}
        {{ "inner join " ~ ref("int_item_clusters") ~ " using (task, item_id)" if cluster != "item_id" }}
    ),

    clusters as (
        select
            {{ group }},
            {{ cluster }},
            sum(influence) as influence,
            sum(error) as error
        from clustered
        group by {{ group }}, {{ cluster }}
    ),

    fits as (
        select
            {{ group }},
            count(distinct model_id) as n_models,
            max(case when abs(last_step) < 1e-9 then slope end) as slope
        from {{ influences }}
        group by {{ group }}
    ),

    {% if contexts %}
        {{ shared_contexts("clustered", contexts, keys, cluster, context_keys or item_keys() + ["decomposition", "slope_over"]) }},
    {% endif %}

    {{
        sandwich_interval(
            "fits", "clusters", keys, "n_items", 2,
            ["sum(error) as total_error", "pow(sum(error), 2) / sum(error * error) as n_effective"],
            "context_spreads" if contexts
        )
    }}
{% endmacro %}
