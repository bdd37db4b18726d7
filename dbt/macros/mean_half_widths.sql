{#
  Half the width of the 95 % interval of means over units, as <mean>_half_width; NULL below two units (clusters).

  Var cluster sums the residuals of a cluster's items first: with r_c those sums over C clusters of n items, C/(C − 1) · Σ r_c² / n².
  Where items share few-shot contexts, what leaving a context out does to all of them at once is added, over n² (shared_by_contexts).
  Student's t has the degrees of freedom of both together.

  relation: one row per unit, NULL where it has none to give; means: its columns; contexts: rows of int_item_contexts, which join by
  context_keys; see shift_of for what shifts.
#}
{% macro mean_half_widths(relation, keys, unit, means, contexts=none, context_keys=none) %}
    {% set group = keys | join(", ") %}
    {% set cluster = cluster_of(unit) %}
    {% set context_keys = context_keys or item_keys() + ["decomposition"] %}
    {% set shared = {} %}
    {% for mean in means %}{% do shared.update({mean ~ "_shift": mean ~ "_context_sq"}) %}{% endfor %}
    with centers as (
        select
            {{ group }},
            {% for mean in means %}
                avg({{ mean }}) as {{ mean }}_center,
                cast(count({{ mean }}) as double) as {{ mean }}_n{{ "," if not loop.last }}
            {% endfor %}
        from {{ relation }}
        group by {{ group }}
    ),

    residuals as (
        select
            {{ group }},
            {% for mean in means %}
                {{ unit_total(mean ~ " - " ~ mean ~ "_center", unit) }} as {{ mean }}_residual{{ "," if not loop.last }}
            {% endfor %}
        from {{ relation }}
        inner join centers using ({{ group }})
        {{ "group by " ~ group ~ ", " ~ cluster if cluster != unit }}
    ),

    spreads as (
        select
            {{ group }},
            {% for mean in means %}
                count({{ mean }}_residual) - 1 as {{ mean }}_freedom,
                count({{ mean }}_residual) / cast(nullif(count({{ mean }}_residual) - 1, 0) as double)
                * sum(pow({{ mean }}_residual, 2)) as {{ mean }}_sq{{ "," if not loop.last }}
            {% endfor %}
        from residuals
        group by {{ group }}
    ),

    {% if contexts %}
        context_units as (
            select
                {{ columns_of("units", keys) }},
                shifts.context_id,
                {% for mean in means %}
                    sum(case when units.{{ mean }} is not null then {{ shift_of(mean) }} else 0e0 end)
                        as {{ mean }}_shift{{ "," if not loop.last }}
                {% endfor %}
            from {{ relation }} as units
            inner join {{ contexts }} as shifts using ({{ context_keys | join(", ") }})
            group by {{ columns_of("units", keys) }}, shifts.context_id, units.{{ cluster }}
        ),

        {{ shared_by_contexts(keys, shared) }},
    {% endif %}

    {{ mean_quantiles(keys, means, contexts) }}
{% endmacro %}
