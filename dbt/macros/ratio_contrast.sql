{#
  A weighted sum of incoherences Σ_k w_k R_k over sides that share their units (the halves of an item, two conditions, two
  steps from one start), with a 95 % interval.

  Linearised: with R = Σv / Σe and mean error ē per side, unit i contributes d_i = Σ_k w_k (v_ki − R_k·e_ki) / ē_k, and
  se² = Σ d_i² / (n (n − 1)), times Student's t with n − 1 degrees of freedom. What the sides share cancels within d_i.
  NULL below two units or where a side has no error.

  relation: one row per unit × side with error, variance; units that lack a side are left out; sides: name → (value of the
  column `side`, weight); floor, is_corrected: see incoherence.
#}
{% macro ratio_contrast(relation, keys, unit, side, sides, floor=none, is_corrected=false) %}
    {% set group = keys | join(", ") %}
    with weighted as (
        select
            {{ group }},
            {{ unit }},
            {{ side }} as side,
            error,
            variance,
            case {{ side }}
                {% for value, weight in sides.values() %}
                    when {{ value }} then {{ weight }}
                {% endfor %}
            end as weight
        from {{ relation }}
    ),

    complete as (
        select * from weighted
        where weight is not null and error is not null
        qualify count(*) over (partition by {{ group }}, {{ unit }}) = {{ sides | length }}
    ),

    ratios as (
        select
            {{ group }},
            side,
            count(*) as n_units,
            avg(error) as mean_error,
            {{ incoherence("avg(variance)", "avg(error)", floor, is_corrected) }} as incoherence
        from complete
        group by {{ group }}, side
    ),

    influences as (
        select
            {{ group }},
            {{ unit }},
            sum(weight * (variance - incoherence * error) / mean_error) as influence
        from complete
        inner join ratios using ({{ group }}, side)
        group by {{ group }}, {{ unit }}
    ),

    spreads as (
        select
            {{ group }},
            sum(pow(influence, 2)) as residual_sq
        from influences
        group by {{ group }}
    ),

    contrasts as (
        select
            {{ group }},
            max(n_units) as n_units,
            {% for name, (value, weight) in sides.items() %}
                max(incoherence) filter (where side = {{ value }}) as incoherence_{{ name }},
            {% endfor %}
            case
                when count(incoherence) = {{ sides | length }}
                    then
                        {% for value, weight in sides.values() %}
                            {{ weight }} * max(incoherence) filter (where side = {{ value }}) {{ "+" if not loop.last }}
                        {% endfor %}
            end as difference
        from ratios
        group by {{ group }}
    ),

    intervals as (
        select
            contrasts.*,
            {{ t_quantile("quantiles.t_975", "n_units - 1") }}
            * sqrt(residual_sq / n_units / nullif(n_units - 1, 0)) as half_width
        from contrasts
        left join spreads using ({{ group }})
        left join {{ ref("student_t_975") }} as quantiles on quantiles.degrees_of_freedom = contrasts.n_units - 1
    )

    select
        *,
        difference - half_width as difference_ci_low,
        difference + half_width as difference_ci_high
    from intervals
{% endmacro %}

{# The plain case: the second of two sides minus the first. #}
{% macro paired_difference(relation, keys, unit, side, first, second, floor=none, is_corrected=false) %}
    {{ ratio_contrast(relation, keys, unit, side, {"1": (first, -1), "2": (second, 1)}, floor, is_corrected) }}
{% endmacro %}
