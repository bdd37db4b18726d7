{#
  The end of a query for an estimate with its 95 % interval from what each cluster moves it by (a sandwich): with d a cluster's
  influence, se² = n / (n − 1) · Σ d². Few clusters may decide: Student's t has min(n − n_fitted, (Σd²)² / Σd⁴) degrees of freedom.

  estimates: one row per keys; clusters: one row per keys × cluster with `influence`; n_clusters: the column to count them in;
  n_fitted: how many numbers were fitted; aggregates: further columns of the clusters, as "expression as name"; contexts: one row
  per keys with n_contexts and context_sq, what few-shot contexts that all clusters share add to the variance (shared_contexts).
#}
{% macro sandwich_interval(estimates, clusters, keys, n_clusters, n_fitted, aggregates=[], contexts=none) %}
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

    varied as (
        select
            *,
            influence_sq * {{ n_clusters }} / cast(nullif({{ n_clusters }} - 1, 0) as double) as unit_sq,
            least(cast({{ n_clusters }} - {{ n_fitted }} as double), pow(influence_sq, 2) / nullif(influence_fourth, 0))
                as unit_freedom
            {% if not contexts %}
                ,
                cast(0 as bigint) as n_contexts,
                0e0 as context_sq
            {% endif %}
        from {{ estimates }}
        inner join spreads using ({{ group }})
        {{ "left join " ~ contexts ~ " using (" ~ group ~ ")" if contexts }}
    ),

    measured as (
        select
            *,
            sqrt(unit_sq + coalesce(context_sq, 0e0)) as standard_error,
            coalesce(context_sq, 0e0) / nullif(unit_sq + coalesce(context_sq, 0e0), 0) as share_from_contexts,
            case
                when coalesce(context_sq, 0e0) = 0 then unit_freedom
                when unit_freedom > 0
                    then 1 / {{ inverse_freedom("unit_sq", "unit_freedom", "context_sq", "n_contexts") }}
            end as degrees_of_freedom
        from varied
    )

    select
        *,
        case when degrees_of_freedom >= 1 then ({{ t_975_of_inverse("(1 / degrees_of_freedom)") }}) * standard_error end
            as half_width
    from measured
{% endmacro %}

{#
  One over the degrees of freedom that Satterthwaite (1946) has for n / (n − 1) · Σ d² where the units' kurtosis is κ = n Σd⁴ / (Σd²)²:
  2n / (κ − 1), at most n − 1. More than the (Σd²)² / Σd⁴ above, which guard against units that lie askew. An aggregate of clusters.
  is_halved: half as many, n / (κ − 1), for an end that the skew of few units leaves too near.
#}
{% macro inverse_freedom_by_kurtosis(influence="influence", is_halved=false) -%}
    greatest(
        (sum(pow({{ influence }}, 4)) / nullif(pow(sum(pow({{ influence }}, 2)), 2), 0) - 1 / cast(count(*) as double))
        {{- "" if is_halved else " / 2" }},
        1 / cast(nullif(count(*) - 1, 0) as double)
    )
{%- endmacro %}

{# Why an estimate has no interval that would hold what it says; NULL where it has one. #}
{% macro no_sandwich(n_wrong_items) -%}
    case
        when {{ steady(n_wrong_items) }} < {{ var("min_wrong_items") }} then 'too_few_errors'
        when n_contexts = 2 then 'too_few_contexts'
        when half_width is null or standard_error < 1e-9 then 'no_spread'
    end
{%- endmacro %}

{#
  What contexts that all clusters share add to the variance of an estimate: with u_ik what leaving context k out moves it by through
  cluster i, (K − 1)/K · (Σ_k (Σ_i u_ik)² − Σ_k Σ_i u_ik²) over K contexts, unless below 0, as in corrected_incoherence.

  influences: rows with `leverage` (what one unit of variance moves the estimate by) and `rate` (the fitted ratio); contexts: rows of
  int_item_contexts.
#}
{% macro shared_contexts(influences, contexts, keys, cluster, on) %}
    {% set group = keys | join(", ") %}
    context_units as (
        select
            {{ group }},
            context_id,
            {{ cluster }},
            sum(leverage * (variance_shift - rate * error_shift)) as shift
        from {{ influences }}
        inner join {{ contexts }} using ({{ on | join(", ") }})
        group by {{ group }}, context_id, {{ cluster }}
    ),

    {{ shared_by_contexts(keys, {"shift": "context_sq"}) }}
{% endmacro %}
