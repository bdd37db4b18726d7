{#
  The sides of a ratio_contrast, each with a_k / Σe_k of either end, with the sign and the weight of the side: common table
  expressions over its `ratios`.
#}
{% macro scaled_sides(keys, sides) %}
    {% set group = keys | join(", ") %}
    {% set distances = {
        "low": "incoherence_unbiased - incoherence_unbiased_ci_low",
        "high": "incoherence_unbiased_ci_high - incoherence_unbiased",
    } %}
    scales as (
        select
            *,
            {{ weight_of("contrast_side", sides) }} as weight,
            {% for end, distance in distances.items() %}
                ({{ distance }}) / t_975 / standard_error / total_error as scale_{{ end }}{{ "," if not loop.last }}
            {% endfor %}
        from ratios
    ),

    -- Towards the lower end of a sum, a term that is taken away matters by its upper end.
    oriented as (
        select
            {{ group }},
            contrast_side,
            n_units,
            n_contexts,
            total_error,
            incoherence_unbiased,
            weight * case when weight > 0 then scale_low else scale_high end as scale_low,
            weight * case when weight > 0 then scale_high else scale_low end as scale_high
        from scales
    )
{% endmacro %}

{# The weight of a row in a weighted sum over sides: sides is name → (value of the column, weight). #}
{% macro weight_of(column, sides) -%}
    case {{ column }}
        {%- for value, weight in sides.values() %} when {{ value }} then {{ weight }}{% endfor -%}
    {{ " " }}end
{%- endmacro %}
