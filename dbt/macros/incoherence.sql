{#
  variance / error; NULL where the error counts as 0, because 0/0 is neither coherent nor incoherent.

  floor: an error up to this counts as 0; by default var zero_error, which is above what KL smoothing leaves behind.
  Trajectories are not smoothed and may end very close to the minimum: their floor is 0. is_corrected: the variance is
  corrected for few samples; the ratio may then leave [0, 1], and would be biased if it could not.
#}
{% macro incoherence(variance, error, floor=none, is_corrected=false) -%}
    {%- set ratio = variance ~ " / " ~ error -%}
    case
        when {{ error }} > {{ var("zero_error") if floor is none else floor }}
            then {{ ratio if is_corrected else "least(" ~ ratio ~ ", 1.0)" }}
    end
{%- endmacro %}

{#
  Pools units (items, starting points) into one row per keys: means of error, bias² and variance, and their incoherence
  as a ratio of sums with a 95 % interval.

  The interval is the linearised ratio estimator's: with R = Σv / Σe and residuals d_i = v_i − R·e_i over n units,
  se(R) = √(n / (n − 1) · Σ d_i²) / Σe, times Student's t with n − 1 degrees of freedom, cut to [0, 1]; NULL below two units.

  relation: one row per unit with error, bias_sq, variance; aggregates: further columns, as "expression as name"; means and
  shares: further columns whose mean is wanted, as those of the three, over the units that have one, with its t interval, of
  shares cut to [0, 1]; floor, is_corrected: see incoherence.
#}
{% macro pooled_incoherence(
    relation, keys, n_units="n_items", aggregates=[], means=[], shares=[], floor=none, is_corrected=false
) %}
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
                count({{ mean }}) as {{ mean }}_n,
                stddev_samp({{ mean }}) / sqrt(count({{ mean }})) as {{ mean }}_se,
            {% endfor %}
            {{ incoherence("avg(variance)", "avg(error)", floor, is_corrected) }} as incoherence
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
            {% for mean in means + shares %}
                {{ t_quantile(mean ~ "_t.t_975", mean ~ "_n - 1") }} * {{ mean }}_se as {{ mean }}_half_width,
            {% endfor %}
            {{ t_quantile("ratio_t.t_975", n_units ~ " - 1") }}
            * sqrt(residual_sq / {{ n_units }} / nullif({{ n_units }} - 1, 0)) / error as incoherence_half_width
        from pooled
        left join residuals using ({{ group }})
        left join {{ ref("student_t_975") }} as ratio_t on pooled.{{ n_units }} - 1 = ratio_t.degrees_of_freedom
        {% for mean in means + shares %}
            left join {{ ref("student_t_975") }} as {{ mean }}_t on pooled.{{ mean }}_n - 1 = {{ mean }}_t.degrees_of_freedom
        {% endfor %}
    )

    select
        *,
        {% for mean in means %}
            {{ from_zero(mean, "- " ~ mean ~ "_half_width") }} as {{ mean }}_ci_low,
            {{ mean }} + {{ mean }}_half_width as {{ mean }}_ci_high,
        {% endfor %}
        {% for share in shares + ["incoherence"] %}
            {{ clipped(share, "- " ~ share ~ "_half_width") }} as {{ share }}_ci_low,
            {{ clipped(share, "+ " ~ share ~ "_half_width") }} as {{ share }}_ci_high{{ "," if not loop.last }}
        {% endfor %}
    from intervals
{% endmacro %}

{#
  Incoherence corrected for few samples, Σ variance_unbiased / Σ error over the units that have both, with its interval, as
  incoherence_unbiased. A unit of one sample says nothing about what few samples hide.
#}
{% macro corrected_incoherence(relation, keys) %}
    {% set group = keys | join(", ") %}
    with several_samples as (
        select
            {{ group }},
            error,
            bias_sq_unbiased as bias_sq,
            variance_unbiased as variance
        from {{ relation }}
        where variance_unbiased is not null and error is not null
    ),

    corrected as (
        {{ pooled_incoherence("several_samples", keys, is_corrected=true) }}
    )

    select
        {{ group }},
        incoherence as incoherence_unbiased,
        incoherence_ci_low as incoherence_unbiased_ci_low,
        incoherence_ci_high as incoherence_unbiased_ci_high
    from corrected
{% endmacro %}
