{#
  Ordinary least squares of ln y on ln x and ln z together, per keys: ln y = c + a·ln x + b·ln z.

  Points with a missing value, x or z ≤ 0 or y ≤ floor are left out and counted. NULL where x and z do not vary
  independently; intervals need four points (Student's t with n − 3 degrees of freedom).
#}
{% macro log_log_plane(relation, x, z, y, keys, floor=0) %}
    {% set group = keys | join(", ") %}
    with logs as (
        select
            {{ group }},
            case when {{ x }} > 0 and {{ z }} > 0 and {{ y }} > {{ floor }} then ln({{ x }}) end as log_x,
            case when {{ x }} > 0 and {{ z }} > 0 and {{ y }} > {{ floor }} then ln({{ z }}) end as log_z,
            case when {{ x }} > 0 and {{ z }} > 0 and {{ y }} > {{ floor }} then ln({{ y }}) end as log_y
        from {{ relation }}
    ),

    means as (
        select
            {{ group }},
            count(log_x) as n_points,
            count(*) - count(log_x) as n_dropped,
            avg(log_x) as mean_x,
            avg(log_z) as mean_z,
            avg(log_y) as mean_y
        from logs
        group by {{ group }}
    ),

    sums as (
        select
            {{ group }},
            sum(pow(log_x - mean_x, 2)) as sxx,
            sum(pow(log_z - mean_z, 2)) as szz,
            sum((log_x - mean_x) * (log_z - mean_z)) as sxz,
            sum((log_x - mean_x) * (log_y - mean_y)) as sxy,
            sum((log_z - mean_z) * (log_y - mean_y)) as szy,
            sum(pow(log_y - mean_y, 2)) as syy
        from logs
        inner join means using ({{ group }})
        group by {{ group }}
    ),

    -- The determinant as a share of sxx·szz is 1 − r²: below 1e-9 one regressor is the other.
    slopes as (
        select
            means.*,
            sxx,
            szz,
            syy,
            case when sxx * szz - sxz * sxz > 1e-9 * sxx * szz then sxx * szz - sxz * sxz end as determinant,
            (szz * sxy - sxz * szy) as numerator_x,
            (sxx * szy - sxz * sxy) as numerator_z
        from means
        inner join sums using ({{ group }})
    ),

    residuals as (
        select
            {{ group }},
            sum(
                pow(
                    log_y - mean_y - numerator_x / determinant * (log_x - mean_x)
                    - numerator_z / determinant * (log_z - mean_z),
                    2
                )
            ) as residual_sq
        from logs
        inner join slopes using ({{ group }})
        group by {{ group }}
    ),

    errors as (
        select
            *,
            {{ t_quantile("quantiles.t_975", "n_points - 3") }}
            * sqrt(residual_sq / case when n_points > 3 then n_points - 3 end / determinant) as scale
        from slopes
        inner join residuals using ({{ group }})
        left join {{ ref("student_t_975") }} as quantiles on quantiles.degrees_of_freedom = slopes.n_points - 3
    )

    select
        {{ group }},
        numerator_x / determinant as slope_x,
        numerator_x / determinant - scale * sqrt(szz) as slope_x_ci_low,
        numerator_x / determinant + scale * sqrt(szz) as slope_x_ci_high,
        numerator_z / determinant as slope_z,
        numerator_z / determinant - scale * sqrt(sxx) as slope_z_ci_low,
        numerator_z / determinant + scale * sqrt(sxx) as slope_z_ci_high,
        mean_y - numerator_x / determinant * mean_x - numerator_z / determinant * mean_z as intercept,
        case when syy > 0 then 1 - residual_sq / syy end as r2,
        n_points,
        n_dropped
    from errors
{% endmacro %}
