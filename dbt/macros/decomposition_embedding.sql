{#
  Variance of vectors e_s, mean_s ‖e_s − ē‖²: summed over components. There is no target, so no error and no bias².

  relation: one row per sample with `vector`; keys: the group. Corrected for few samples as Brier is.
#}
{% macro decomposition_embedding(relation, keys) %}
    {% set group = keys | join(", ") %}
    with components as (
        select
            {{ group }},
            component,
            {{ list_element(relation ~ ".vector", "component") }} as coordinate
        from {{ relation }}
        {{ positions(list_length(relation ~ ".vector"), "component") }}
    ),

    spreads as (
        select
            {{ group }},
            component,
            count(*) as n_samples,
            var_pop(coordinate) as variance
        from components
        group by {{ group }}, component
    ),

    summed as (
        select
            {{ group }},
            max(n_samples) as n_samples,
            sum(variance) as variance
        from spreads
        group by {{ group }}
    )

    select
        {{ group }},
        'embedding' as decomposition,
        n_samples,
        cast(null as double) as error,
        cast(null as double) as bias_sq,
        variance,
        cast(null as double) as bias_sq_unbiased,
        {{ corrected_variance("variance", "n_samples") }} as variance_unbiased
    from summed
{% endmacro %}
