{#
  variance / error; NULL where the error counts as 0, because 0/0 is neither coherent nor incoherent.

  floor: an error up to this counts as 0; by default var zero_error, which is above what KL smoothing leaves behind.
  Trajectories are not smoothed and may end very close to the minimum: their floor is 0. cut: whether to cut at 1, which a
  plug-in estimate passes by rounding alone; a corrected one may lie above, and would be biased if it could not.
#}
{% macro incoherence(variance, error, floor=none, cut=true) -%}
    case
        when {{ error }} > {{ var("zero_error") if floor is none else floor }}
            then {{ "least(" if cut }}{{ variance }} / {{ error }}{{ ", 1.0)" if cut }}
    end
{%- endmacro %}

{#
  Pools units (items, starting points) into one row per keys: means of error, bias² and variance, and their incoherence
  as a ratio of sums with a 95 % interval.

  The interval is the linearised ratio estimator's: with R = Σv / Σe and residuals d_i = v_i − R·e_i over n units,
  se(R) = √(n / (n − 1) · Σ d_i²) / Σe, times Student's t with n − 1 degrees of freedom, cut to [0, 1]; NULL below two units.

  relation: one row per unit with error, bias_sq, variance; aggregates: further columns, as "expression as name"; means and
  shares: further columns whose mean over units is wanted, as those of the three, with its t interval (NULL where a unit
  lacks one), of shares cut to [0, 1]; floor, cut: see incoherence.
#}
{% macro pooled_incoherence(relation, keys, n_units="n_items", aggregates=[], means=[], shares=[], floor=none, cut=true) %}
    {% set group = keys | join(", ") %}
    {% set means = ["error", "bias_sq", "variance"] + means %}
    with pooled as (
        select
            {{ group }},
            count(*) as {{ n_units }},
            {% for aggregate in aggregates %}
                {{ aggregate }},
            {% endfor %}
            {% for mean in means + shares %}
                avg({{ mean }}) as {{ mean }},
                case when count({{ mean }}) = count(*) then stddev_samp({{ mean }}) / sqrt(count(*)) end as {{ mean }}_se,
            {% endfor %}
            {{ incoherence("avg(variance)", "avg(error)", floor, cut) }} as incoherence
        from {{ relation }}
        group by {{ group }}
    ),

    residuals as (
        select
            {{ group }},
            sum(pow(units.variance - pooled.variance / pooled.error * units.error, 2)) as residual_sq
        from {{ relation }} as units
        inner join pooled using ({{ group }})
        where pooled.incoherence is not null
        group by {{ group }}
    ),

    intervals as (
        select
            pooled.*,
            sqrt(residual_sq / {{ n_units }} / nullif({{ n_units }} - 1, 0)) / error as incoherence_se,
            {{ t_quantile("quantiles.t_975", n_units ~ " - 1") }} as t_975
        from pooled
        left join residuals using ({{ group }})
        left join {{ ref("student_t_975") }} as quantiles
            on quantiles.degrees_of_freedom = pooled.{{ n_units }} - 1
    )

    select
        *,
        {% for mean in means %}
            {{ from_zero(mean, "- t_975 * " ~ mean ~ "_se") }} as {{ mean }}_ci_low,
            {{ mean }} + t_975 * {{ mean }}_se as {{ mean }}_ci_high,
        {% endfor %}
        {% for share in shares %}
            {{ clipped(share, "- t_975 * " ~ share ~ "_se") }} as {{ share }}_ci_low,
            {{ clipped(share, "+ t_975 * " ~ share ~ "_se") }} as {{ share }}_ci_high,
        {% endfor %}
        {{ clipped("incoherence", "- t_975 * incoherence_se") }} as incoherence_ci_low,
        {{ clipped("incoherence", "+ t_975 * incoherence_se") }} as incoherence_ci_high
    from intervals
{% endmacro %}

{#
  An end of an interval, cut to [0, 1] unless the estimate itself lies outside, as a corrected one may; greatest and least
  alone would turn a missing end into a bound.
#}
{% macro clipped(estimate, offset) -%}
    case
        when {{ estimate }} {{ offset }} is not null
            then
                greatest(
                    least({{ estimate }} {{ offset }}, greatest({{ estimate }}, 1.0)), least({{ estimate }}, 0.0)
                )
    end
{%- endmacro %}

{# The lower end of an interval, cut at 0 unless the estimate itself lies below, as a corrected one may. #}
{% macro from_zero(estimate, offset) -%}
    case when {{ estimate }} {{ offset }} is not null then greatest({{ estimate }} {{ offset }}, least({{ estimate }}, 0.0)) end
{%- endmacro %}

{# Estimates with the ends of their intervals: error and its two parts, or those named. #}
{% macro with_interval(relation="", names=["error", "bias_sq", "variance"]) -%}
    {%- set prefix = relation ~ "." if relation else "" -%}
    {%- for name in names %}
    {{ prefix }}{{ name }},
    {{ prefix }}{{ name }}_ci_low,
    {{ prefix }}{{ name }}_ci_high{{ "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}
