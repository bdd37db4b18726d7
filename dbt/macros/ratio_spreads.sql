{#
  What the units of a corrected incoherence, and the contexts that they share, add to its variance: common table expressions of
  corrected_incoherence, whose header has the formulas. They read its `units`, `totals` and `estimated`.
#}

{# By the delete-one jackknife: one row per keys with Σ d², Σ d⁴ and Σ j². #}
{% macro unit_spreads(keys) %}
    {% set group = keys | join(", ") %}
    residuals as (
        select
            {{ group }},
            variance - incoherence_unbiased * error as residual,
            nullif(1 - error / total_error, 0) as share_of_others
        from units
        inner join totals using ({{ group }})
        where incoherence_unbiased is not null
    ),

    spreads as (
        select
            {{ group }},
            sum(pow(residual, 2)) as residual_sq,
            sum(pow(residual, 4)) as residual_fourth,
            sum(pow(residual / share_of_others, 2)) as jackknife_sq
        from residuals
        group by {{ group }}
    )
{% endmacro %}

{# What all units of a pool have in common where they share contexts: see corrected_incoherence. #}
{% macro context_spreads(contexts, keys, unit, context_keys) %}
    {% set group = keys | join(", ") %}
    {% set cluster = cluster_of(unit) %}
    context_units as (
        select
            {{ columns_of("estimated", keys) }},
            shifts.context_id,
            {{ unit_total("shifts.variance_shift - totals.incoherence_unbiased * shifts.error_shift", unit) }} as shift
        from estimated
        inner join totals using ({{ group }})
        inner join {{ contexts }} as shifts using ({{ context_keys | join(", ") }})
        where is_estimated
        {{ "group by " ~ columns_of("estimated", keys) ~ ", shifts.context_id, estimated." ~ cluster if cluster != unit }}
    ),

    {{ shared_by_contexts(keys, {"shift": "between_sq"}) }}
{% endmacro %}
