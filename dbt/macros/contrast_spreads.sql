{#
  What the units that the sides of a ratio_contrast share, and their contexts, add to its variance, once per end of its interval:
  common table expressions of ratio_contrast, whose header has the formulas. They read its `ratios`, `complete` and `side_contexts`.
#}

{# What units add, with its degrees of freedom. #}
{% macro contrast_unit_spreads(keys, unit) %}
    {% set group = keys | join(", ") %}
    {% set cluster = cluster_of(unit) %}
    side_units as (
        select
            {{ group }},
            contrast_side,
            {{ cluster }},
            {{ unit_total("error", unit) }} as error,
            {{ unit_total("variance_unbiased", unit) }} as variance
        from complete
        {{ "group by " ~ group ~ ", contrast_side, " ~ cluster if cluster != unit }}
    ),

    influences as (
        select
            {{ group }},
            {{ cluster }},
            max(n_units) as n_units,
            {% for end in ["low", "high"] %}
                sum(scale_{{ end }} * (variance - incoherence_unbiased * error)) as residual_{{ end }},
                sum(
                    scale_{{ end }} * (variance - incoherence_unbiased * error) / nullif(1 - error / total_error, 0)
                ) as influence_{{ end }}{{ "," if not loop.last }}
            {% endfor %}
        from side_units
        inner join oriented using ({{ group }}, contrast_side)
        group by {{ group }}, {{ cluster }}
    ),

    spreads as (
        select
            {{ group }},
            {% for end in ["low", "high"] %}
                least(
                    max(n_units) - 1,
                    pow(sum(pow(residual_{{ end }}, 2)), 2) / nullif(sum(pow(residual_{{ end }}, 4)), 0)
                ) as unit_freedom_{{ end }},
                (max(n_units) - 1) / cast(max(n_units) as double) * sum(pow(influence_{{ end }}, 2))
                    as unit_sq_{{ end }}{{ "," if not loop.last }}
            {% endfor %}
        from influences
        group by {{ group }}
    )
{% endmacro %}

{# What contexts add. #}
{% macro contrast_context_spreads(keys, unit) %}
    {% set group = keys | join(", ") %}
    {% set cluster = cluster_of(unit) %}
    context_units as (
        select
            {{ group }},
            side_contexts.context_id,
            complete.{{ cluster }},
            {% for end in ["low", "high"] %}
                sum(scale_{{ end }} * (variance_shift - incoherence_unbiased * error_shift))
                    as shift_{{ end }}{{ "," if not loop.last }}
            {% endfor %}
        from complete
        inner join oriented using ({{ group }}, contrast_side)
        inner join side_contexts using ({{ group }}, {{ unit }}, contrast_side)
        where oriented.n_contexts > 2
        group by {{ group }}, side_contexts.context_id, complete.{{ cluster }}
    ),

    {{ shared_by_contexts(keys, {"shift_low": "context_sq_low", "shift_high": "context_sq_high"}) }}
{% endmacro %}
