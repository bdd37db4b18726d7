{#
  The slopes of log_slope_influences with their 95 % intervals (sandwich_interval), over clusters: an item that several models
  answered is one. Two numbers are fitted, a level and the slope.

  No slope where Newton's method has not come to an end. total_error is in units of an item that is always wrong. See
  benchmarks/slope_coverage.py for what the interval covers.
#}
{% macro log_slopes(influences, keys, cluster="item_id") %}
    {% set group = keys | join(", ") %}
    with clusters as (
        select
            {{ group }},
            {{ cluster }},
            sum(influence) as influence,
            sum(error) as error
        from {{ influences }}
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

    {{
        sandwich_interval(
            "fits", "clusters", keys, "n_items", 2,
            ["sum(error) as total_error", "pow(sum(error), 2) / sum(error * error) as n_effective"]
        )
    }}
{% endmacro %}
