{#
  Ordinary least squares of ln y on ln x, per keys: the one fit behind every `_fits` table.

  Points with a missing value, x ≤ 0 or y ≤ floor have no logarithm worth having: they are left out and counted
  (n_dropped). Two points give a slope, three an interval (Student's t with n − 2 degrees of freedom). Equal x give no
  slope; equal y give no r2. Residuals are summed after the fit, not taken from sums of products, so that a perfect fit
  has an interval of width zero and not of rounding noise.
#}
{% macro log_log_fit(relation, x, y, keys, floor=0) %}
    {% set group = keys | join(", ") %}
    with logs as (
        select
            {{ group }},
            case when {{ x }} > 0 and {{ y }} > {{ floor }} then ln({{ x }}) end as log_x,
            case when {{ x }} > 0 and {{ y }} > {{ floor }} then ln({{ y }}) end as log_y
        from {{ relation }}
    ),

    means as (
        select
            {{ group }},
            count(log_x) as n_points,
            count(*) - count(log_x) as n_dropped,
            avg(log_x) as mean_x,
            avg(log_y) as mean_y,
            min(log_x) < max(log_x) as has_spread_x,
            -- What differs by rounding alone is equal.
            max(log_y) - min(log_y) > 1e-12 as has_spread_y
        from logs
        group by {{ group }}
    ),

    sums as (
        select
            {{ group }},
            sum(pow(log_x - mean_x, 2)) as sxx,
            sum(pow(log_y - mean_y, 2)) as syy,
            sum((log_x - mean_x) * (log_y - mean_y)) as sxy
        from logs
        inner join means using ({{ group }})
        group by {{ group }}
    ),

    slopes as (
        select
            *,
            case when has_spread_x then sxy / sxx end as slope
        from means
        inner join sums using ({{ group }})
    ),

    residuals as (
        select
            {{ group }},
            sum(pow(log_y - mean_y - slope * (log_x - mean_x), 2)) as residual_sq
        from logs
        inner join slopes using ({{ group }})
        group by {{ group }}
    ),

    intervals as (
        select
            *,
            case
                when n_points > 2
                    then
                        {{ t_quantile("quantiles.t_975", "n_points - 2") }}
                        * sqrt(residual_sq / (n_points - 2) / case when has_spread_x then sxx end)
            end as half_width
        from slopes
        inner join residuals using ({{ group }})
        left join {{ ref("student_t_975") }} as quantiles on quantiles.degrees_of_freedom = slopes.n_points - 2
    )

    select
        {{ group }},
        slope,
        slope - half_width as slope_ci_low,
        slope + half_width as slope_ci_high,
        mean_y - slope * mean_x as intercept,
        case when has_spread_x and has_spread_y then 1 - residual_sq / syy end as r2,
        n_points,
        n_dropped
    from intervals
{% endmacro %}

{# What a fit has beside its keys. #}
{% macro fit_columns() %}
    {{ return(["slope", "slope_ci_low", "slope_ci_high", "intercept", "r2", "n_points", "n_dropped"]) }}
{% endmacro %}
