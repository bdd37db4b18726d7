{#
  Mean of a column per keys with its standard error and 95 % interval (Student's t with n − 1 degrees of freedom); NULL below two values.
#}
{% macro mean_with_interval(relation, keys, column, n_units) %}
    {% set group = keys | join(", ") %}
    with means as (
        select
            {{ group }},
            count({{ column }}) as {{ n_units }},
            avg({{ column }}) as {{ column }},
            stddev_samp({{ column }}) / sqrt(count({{ column }})) as standard_error
        from {{ relation }}
        group by {{ group }}
    ),

    intervals as (
        select
            means.*,
            {{ t_quantile("quantiles.t_975", n_units ~ " - 1") }} * standard_error as half_width
        from means
        left join {{ ref("student_t_975") }} as quantiles on quantiles.degrees_of_freedom = means.{{ n_units }} - 1
        where {{ n_units }} > 0
    )

    select
        {{ group }},
        {{ n_units }},
        {{ column }},
        standard_error as {{ column }}_se,
        {{ column }} - half_width as {{ column }}_ci_low,
        {{ column }} + half_width as {{ column }}_ci_high
    from intervals
{% endmacro %}
