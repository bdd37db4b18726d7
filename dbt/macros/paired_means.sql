{#
  Means of columns on two sides that share their units, and the second minus the first with its 95 % interval: per column
  `x` the columns x, other_x, x_difference and its ends.

  Over the units that have the column on both sides, the interval that of the mean of the units' differences (mean_half_widths), so
  that what the sides share cancels; NULL below two such units. relation: one row per unit × side; contexts: rows of
  int_item_contexts per unit × side.
#}
{% macro paired_means(relation, keys, unit, side, first, second, columns, contexts=none) %}
    {% set group = keys | join(", ") %}
    {% set shifts = ["error_shift", "variance_shift", "accuracy_shift", "score_shift"] %}
    {% set differences = [] %}
    {% for column in columns %}{% do differences.append(column ~ "_difference") %}{% endfor %}
    with units as (
        select
            {{ group }},
            {{ unit }},
            max(cluster_id) as cluster_id,
            {% for column in columns %}
                max({{ column }}) filter (where {{ side }} = {{ first }}) as {{ column }},
                max({{ column }}) filter (where {{ side }} = {{ second }}) as other_{{ column }},
                max({{ column }}) filter (where {{ side }} = {{ second }})
                - max({{ column }}) filter (where {{ side }} = {{ first }}) as {{ column }}_difference{{ "," if not loop.last }}
            {% endfor %}
        from {{ relation }}
        group by {{ group }}, {{ unit }}
        having count(*) = 2
    ),

    {% if contexts %}
        side_shifts as (
            select
                {{ group }},
                {{ unit }},
                context_id,
                {% for shift in shifts %}
                    sum(case when {{ side }} = {{ second }} then {{ shift }} else -{{ shift }} end)
                        as {{ shift }}{{ "," if not loop.last }}
                {% endfor %}
            from {{ contexts }}
            group by {{ group }}, {{ unit }}, context_id
        ),
    {% endif %}

    means as (
        select
            {{ group }},
            {% for column in columns %}
                avg({{ column }}) filter (where other_{{ column }} is not null) as {{ column }},
                avg(other_{{ column }}) filter (where {{ column }} is not null) as other_{{ column }},
                avg({{ column }}_difference) as {{ column }}_difference{{ "," if not loop.last }}
            {% endfor %}
        from units
        group by {{ group }}
    ),

    half_widths as (
        {{ mean_half_widths("units", keys, unit, differences, "side_shifts" if contexts, keys + [unit]) }}
    )

    select
        *,
        {% for column in columns %}
            {{ column }}_difference - {{ column }}_difference_half_width as {{ column }}_difference_ci_low,
            {{ column }}_difference + {{ column }}_difference_half_width
                as {{ column }}_difference_ci_high{{ "," if not loop.last }}
        {% endfor %}
    from means
    inner join half_widths using ({{ group }})
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
