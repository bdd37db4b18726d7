{#
  The end of a query for an estimate with its 95 % interval from what each cluster moves it by (a sandwich): with d a cluster's
  influence, se² = n / (n − 1) · Σ d². Few clusters may decide: Student's t has min(n − n_fitted, (Σd²)² / Σd⁴) degrees of freedom.

  estimates: one row per keys; clusters: one row per keys × cluster with `influence`; n_clusters: the column to count them in;
  n_fitted: how many numbers were fitted; aggregates: further columns of the clusters, as "expression as name".
#}
{% macro sandwich_interval(estimates, clusters, keys, n_clusters, n_fitted, aggregates=[]) %}
    {% set group = keys | join(", ") %}
    spreads as (
        select
            {{ group }},
            count(*) as {{ n_clusters }},
            {% for aggregate in aggregates %}
                {{ aggregate }},
            {% endfor %}
            sum(pow(influence, 2)) as influence_sq,
            sum(pow(influence, 4)) as influence_fourth
        from {{ clusters }}
        group by {{ group }}
    ),

    measured as (
        select
            *,
            sqrt(influence_sq * {{ n_clusters }} / cast(nullif({{ n_clusters }} - 1, 0) as double)) as standard_error,
            least(cast({{ n_clusters }} - {{ n_fitted }} as double), pow(influence_sq, 2) / nullif(influence_fourth, 0))
                as degrees_of_freedom
        from {{ estimates }}
        inner join spreads using ({{ group }})
    )

    select
        *,
        case when degrees_of_freedom >= 1 then ({{ t_975_of_inverse("(1 / degrees_of_freedom)") }}) * standard_error end
            as half_width
    from measured
{% endmacro %}
