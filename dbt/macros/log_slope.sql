{#
  How incoherence goes with x, from single items: the slope b of

      E[variance_i] = error_i · exp(a_m + b · x_i)        i an item, m its stratum (a model), a_m the stratum's own level,

  by quasi-likelihood (Poisson's mean-variance relation, log link, log error as offset; McCullagh and Nelder 1989, ch. 9).
  Items whose error counts as 0 say nothing and drop out; items without variance stay, which a fit of logarithms of
  buckets cannot do. Given b, the levels have a closed form, exp(a_m) = Σ variance / Σ error · exp(b·x), so that Newton's method
  works on b alone, as many steps as `steps`, none longer than 1. Sums are of x less its mean.

  One row per fit and row of the relation, ready for a sandwich: `rate` = exp(a_m + b·x) is the fitted incoherence, `leverage` what
  one unit of variance more would move b by, `influence` = leverage · (variance − rate · error), summing to 0 over a fit.
  `last_step` tells whether Newton's method has come to an end.

  relation: rows with error, x and the response y; unit: the column that, with the cluster, says whose row it is; fits without spread in x have no row.
#}
{% macro log_slope_influences(relation, keys, stratum="model_id", unit="model_id", cluster="item_id", x="x", y="variance", steps=10) %}
    {% set group = keys | join(", ") %}
    {% set weight = "error * exp(slope * x)" %}
    with candidates as (
        select
            {{ group }},
            {{ stratum }} as stratum,
            {{ unit }},
            {{ cluster }},
            error,
            {{ y }} as variance,
            {{ x }} - avg({{ x }}) over (partition by {{ group }}) as x
        from {{ relation }}
        where error > {{ var("zero_error") }} and {{ y }} is not null and {{ x }} is not null
    ),

    units as (
        select * from candidates
        qualify
            sum(variance) over (partition by {{ group }}, stratum) > {{ var("zero_error") }}
            and max(x) over (partition by {{ group }}, stratum)
            - min(x) over (partition by {{ group }}, stratum) > 1e-9
    ),

    step_0 as (
        select
            {{ group }},
            0e0 as slope,
            cast(null as double) as last_step
        from units
        group by {{ group }}
    ),

    {% for step in range(steps + 1) %}
        strata_{{ step }} as (
            select
                {{ group }},
                stratum,
                max(slope) as slope,
                max(last_step) as last_step,
                sum({{ weight }}) as total,
                sum({{ weight }} * x) / sum({{ weight }}) as mean_x,
                sum({{ weight }} * x * x) / sum({{ weight }}) - pow(sum({{ weight }} * x) / sum({{ weight }}), 2) as var_x,
                sum(variance) as variance,
                sum(variance * x) as variance_x
            from units
            inner join step_{{ step }} using ({{ group }})
            group by {{ group }}, stratum
        ),

        {% if step < steps %}
            scores_{{ step }} as (
                select
                    {{ group }},
                    max(slope) as slope,
                    sum(variance_x - variance * mean_x) / nullif(sum(variance * var_x), 0) as wanted
                from strata_{{ step }}
                group by {{ group }}
            ),

            step_{{ step + 1 }} as (
                select
                    {{ group }},
                    slope + case when wanted > 1 then 1e0 when wanted < -1 then -1e0 else wanted end as slope,
                    wanted as last_step
                from scores_{{ step }}
            ),
        {% endif %}
    {% endfor %}

    informations as (
        select
            {{ group }},
            sum(variance * var_x) as information
        from strata_{{ steps }}
        group by {{ group }}
    ),

    fitted as (
        select
            {{ columns_of("units", keys) }},
            units.stratum,
            units.{{ unit }},
            units.{{ cluster }},
            units.error,
            units.variance,
            strata.slope,
            strata.last_step,
            exp(strata.slope * units.x) * strata.variance / strata.total as rate,
            (units.x - strata.mean_x) / nullif(informations.information, 0) as leverage
        from units
        inner join strata_{{ steps }} as strata
            using ({{ group }}, stratum)
        inner join informations
            using ({{ group }})
    )

    select
        *,
        leverage * (variance - rate * error) as influence
    from fitted
{% endmacro %}
