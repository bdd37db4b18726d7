{#
  The difference in incoherence between two sides that share their units (the halves of an item, two steps from one
  start), second minus first, with a 95 % interval.

  Linearised: with R = Σv / Σe and mean error ē per side, unit i contributes
  d_i = (v2_i − R2·e2_i) / ē2 − (v1_i − R1·e1_i) / ē1, and se² = Σ d_i² / (n (n − 1)), times Student's t with n − 1 degrees
  of freedom. What the sides share cancels within d_i. NULL below two units or where a side has no error.

  relation: one row per unit × side with error, variance; units that lack a side are left out.
#}
{% macro paired_difference(relation, keys, unit, side, first, second, floor=none) %}
    {% set group = keys | join(", ") %}
    with paired as (
        select
            {{ group }},
            {{ unit }},
            max(error) filter (where {{ side }} = {{ first }}) as error_1,
            max(variance) filter (where {{ side }} = {{ first }}) as variance_1,
            max(error) filter (where {{ side }} = {{ second }}) as error_2,
            max(variance) filter (where {{ side }} = {{ second }}) as variance_2
        from {{ relation }}
        group by {{ group }}, {{ unit }}
    ),

    complete as (
        select * from paired
        where error_1 is not null and error_2 is not null
    ),

    pooled as (
        select
            {{ group }},
            count(*) as n_units,
            avg(error_1) as mean_error_1,
            avg(error_2) as mean_error_2,
            {{ incoherence("avg(variance_1)", "avg(error_1)", floor) }} as incoherence_1,
            {{ incoherence("avg(variance_2)", "avg(error_2)", floor) }} as incoherence_2
        from complete
        group by {{ group }}
    ),

    spreads as (
        select
            {{ group }},
            sum(
                pow(
                    (variance_2 - incoherence_2 * error_2) / mean_error_2
                    - (variance_1 - incoherence_1 * error_1) / mean_error_1,
                    2
                )
            ) as residual_sq
        from complete
        inner join pooled using ({{ group }})
        where incoherence_1 is not null and incoherence_2 is not null
        group by {{ group }}
    ),

    intervals as (
        select
            pooled.*,
            incoherence_2 - incoherence_1 as difference,
            case
                when n_units > 1
                    then
                        {{ t_quantile("quantiles.t_975", "n_units - 1") }}
                        * sqrt(residual_sq / n_units / (n_units - 1))
            end as half_width
        from pooled
        left join spreads using ({{ group }})
        left join {{ ref("student_t_975") }} as quantiles on quantiles.degrees_of_freedom = pooled.n_units - 1
    )

    select
        {{ group }},
        n_units,
        incoherence_1,
        incoherence_2,
        difference,
        difference - half_width as difference_ci_low,
        difference + half_width as difference_ci_high
    from intervals
{% endmacro %}
