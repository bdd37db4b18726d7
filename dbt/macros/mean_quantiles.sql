{# The end of mean_half_widths. #}
{% macro mean_quantiles(keys, means, contexts) %}
    {% set group = keys | join(", ") %}
    {% set context_sq = {} %}
    {% for mean in means %}
        {% do context_sq.update({mean: "coalesce(" ~ mean ~ "_context_sq, 0e0)" if contexts else "0e0"}) %}
    {% endfor %}
    freedoms as (
        select
            {{ group }},
            {% for mean in means %}
                sqrt({{ mean }}_sq + {{ context_sq[mean] }}) / nullif({{ mean }}_n, 0) as {{ mean }}_se,
                {{ inverse_freedom(mean ~ "_sq", mean ~ "_freedom", context_sq[mean], "n_contexts" if contexts else "0") }}
                    as {{ mean }}_inverse{{ "," if not loop.last }}
            {% endfor %}
        from centers
        inner join spreads using ({{ group }})
        {{ "left join context_spreads using (" ~ group ~ ")" if contexts }}
    )

    select
        {{ group }},
        {% for mean in means %}
            ({{ t_975_of_inverse(mean ~ "_inverse") }}) * {{ mean }}_se as {{ mean }}_half_width{{ "," if not loop.last }}
        {% endfor %}
    from freedoms
{% endmacro %}

{# How a mean over an item's samples shifts where a context is left out; what int_item_contexts does not say is no shift. #}
{% macro shift_of(mean) -%}
    {%- set shifts = {
        "error": "error_shift",
        "variance": "variance_shift",
        "bias_sq": "error_shift - variance_shift",
        "accuracy": "accuracy_shift",
        "mean_score": "score_shift",
    } -%}
    {{ shifts.get(mean.replace("_unbiased", "").replace("_difference", ""), "0e0") }}
{%- endmacro %}
