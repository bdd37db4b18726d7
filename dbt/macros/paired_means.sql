{#
  Means of columns on two sides that share their units, and the second minus the first with its 95 % interval: per column
  `x` the columns x, other_x, x_difference and its ends.

  Over the units that have the column on both sides, the interval Student's t of the units' differences, so that what the
  sides share cancels; NULL below two such units. relation: one row per unit × side.
#}
{% macro paired_means(relation, keys, unit, side, first, second, columns) %}
    {% set group = keys | join(", ") %}
    with units as (
        select
            {{ group }},
            {{ unit }},
            {% for column in columns %}
                max({{ column }}) filter (where {{ side }} = {{ first }}) as {{ column }},
                max({{ column }}) filter (where {{ side }} = {{ second }}) as other_{{ column }}{{ "," if not loop.last }}
            {% endfor %}
        from {{ relation }}
        group by {{ group }}, {{ unit }}
        having count(*) = 2
    ),

    means as (
        select
            {{ group }},
            {% for column in columns %}
                count({{ column }} + other_{{ column }}) as {{ column }}_n,
                avg({{ column }}) filter (where other_{{ column }} is not null) as {{ column }},
                avg(other_{{ column }}) filter (where {{ column }} is not null) as other_{{ column }},
                avg(other_{{ column }} - {{ column }}) as {{ column }}_difference,
                stddev_samp(other_{{ column }} - {{ column }}) as {{ column }}_sd{{ "," if not loop.last }}
            {% endfor %}
        from units
        group by {{ group }}
    ),

    intervals as (
        select
            means.*,
            {% for column in columns %}
                {{ t_quantile(column ~ "_t.t_975", column ~ "_n - 1") }}
                * {{ column }}_sd / sqrt({{ column }}_n) as {{ column }}_half_width{{ "," if not loop.last }}
            {% endfor %}
        from means
        {% for column in columns %}
            left join {{ ref("student_t_975") }} as {{ column }}_t
                on means.{{ column }}_n - 1 = {{ column }}_t.degrees_of_freedom
        {% endfor %}
    )

    select
        *,
        {% for column in columns %}
            {{ column }}_difference - {{ column }}_half_width as {{ column }}_difference_ci_low,
            {{ column }}_difference + {{ column }}_half_width as {{ column }}_difference_ci_high{{ "," if not loop.last }}
        {% endfor %}
    from intervals
{% endmacro %}

{# An estimate on both sides of a pair, and their difference with the ends of its interval. #}
{% macro with_difference(relation, names) -%}
    {%- for name in names %}
    {{ relation }}.{{ name }},
    {{ relation }}.other_{{ name }},
    {{ relation }}.{{ name }}_difference,
    {{ relation }}.{{ name }}_difference_ci_low,
    {{ relation }}.{{ name }}_difference_ci_high{{ "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}
