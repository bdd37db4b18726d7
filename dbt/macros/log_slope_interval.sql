{#
  The slopes of log_slope_influences with their 95 % intervals: a sandwich over clusters (an item that several models answered
  is one), se² = n / (n − 1) · Σ d² with d a cluster's influence. Few clusters may decide: Student's t has
  min(n − 2, (Σd²)² / Σd⁴) degrees of freedom.

  No slope where Newton's method has not come to an end, and no interval where fewer wrong answers than var min_slope_error
  would tell of it: total_error in units of an item that is always wrong. See benchmarks/slope_coverage.py for what it covers.
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

    spreads as (
        select
            {{ group }},
            count(*) as n_items,
            sum(error) as total_error,
            pow(sum(error), 2) / sum(error * error) as n_effective,
            sum(pow(influence, 2)) as influence_sq,
            sum(pow(influence, 4)) as influence_fourth
        from clusters
        group by {{ group }}
    ),

    fits as (
        select
            {{ group }},
            count(distinct model_id) as n_models,
            max(case when abs(last_step) < 1e-9 then slope end) as slope
        from {{ influences }}
        group by {{ group }}
    ),

    measured as (
        select
            *,
            sqrt(influence_sq * n_items / cast(nullif(n_items - 1, 0) as double)) as standard_error,
            least(cast(n_items - 2 as double), pow(influence_sq, 2) / nullif(influence_fourth, 0)) as degrees_of_freedom
        from spreads
        inner join fits using ({{ group }})
    )

    select
        *,
        case when degrees_of_freedom >= 1 then ({{ t_975_of_inverse("(1 / degrees_of_freedom)") }}) * standard_error end
            as half_width
    from measured
{% endmacro %}
