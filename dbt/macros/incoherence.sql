{#
  variance / error, the paper's plug-in; NULL where the error counts as 0, because 0/0 is neither coherent nor incoherent.

  floor: an error up to this counts as 0; by default var zero_error, which is above what KL smoothing leaves behind.
  Trajectories are not smoothed and may end very close to the minimum: their floor is 0.
#}
{% macro incoherence(variance, error, floor=none) -%}
    case
        when {{ error }} > {{ var("zero_error") if floor is none else floor }}
            then {{ settled("least(" ~ variance ~ " / " ~ error ~ ", 1e0)") }}
    end
{%- endmacro %}

{#
  Pools units (items, starting points) into one row per keys: means of error, bias² and variance with their intervals; the
  paper's incoherence, which has none, as a ratio of sums; and the corrected one with its interval (corrected_incoherence).

  relation: one row per unit with error, bias_sq, variance, variance_unbiased and what corrected_incoherence wants; aggregates:
  further columns, as "expression as name"; means and shares: further columns whose mean is wanted, as those of the three, over
  the units that have one, with its interval (mean_half_widths), of shares cut to [0, 1]; samples: the column that counts a unit's samples; one
  sample per unit has no variance, and no incoherence; further: arguments of corrected_incoherence.
#}
{% macro pooled_incoherence(
    relation, keys, unit="item_id", n_units="n_items", aggregates=[], means=[], shares=[], samples="n_samples", floor=none,
    contexts=none, is_gated=true, context_keys=none
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
            {% endfor %}
            case when max({{ samples }}) > 1 then {{ incoherence("avg(variance)", "avg(error)", floor) }} end as incoherence
        from {{ relation }}
        group by {{ group }}
    ),

    corrected as (
        {{ corrected_incoherence(relation, keys, unit, floor, contexts, is_gated, context_keys) }}
    ),

    half_widths as (
        {{ mean_half_widths(relation, keys, unit, means + shares, contexts, context_keys) }}
    ),

    intervals as (
        select
            pooled.*,
            {% for mean in means + shares %}
                half_widths.{{ mean }}_half_width,
            {% endfor %}
            {{ columns_of("corrected", corrected_columns()[:-1]) }},
            case when corrected.n_units is null then 'one_sample_per_item' else corrected.interval_note end as interval_note
        from pooled
        inner join half_widths using ({{ group }})
        left join corrected using ({{ group }})
    )

    select
        *,
        {% for mean in means %}
            {{ from_zero(mean, "- " ~ mean ~ "_half_width") }} as {{ mean }}_ci_low,
            {{ mean }} + {{ mean }}_half_width as {{ mean }}_ci_high{{ "," if not loop.last or shares }}
        {% endfor %}
        {% for share in shares %}
            {{ clipped(share, "- " ~ share ~ "_half_width") }} as {{ share }}_ci_low,
            {{ clipped(share, "+ " ~ share ~ "_half_width") }} as {{ share }}_ci_high{{ "," if not loop.last }}
        {% endfor %}
    from intervals
{% endmacro %}

{# What corrected_incoherence publishes beside its keys. #}
{% macro corrected_columns() %}
    {{ return([
        "incoherence_unbiased", "incoherence_unbiased_ci_low", "incoherence_unbiased_ci_high", "n_effective", "n_contexts",
        "interval_note",
    ]) }}
{% endmacro %}

{# All of a pool's incoherence: the paper's, and the corrected one with its interval. #}
{% macro incoherence_columns(relation="") -%}
    {%- set prefix = relation ~ "." if relation else "" -%}
    {%- for name in ["incoherence"] + corrected_columns() %}
    {{ prefix }}{{ name }}{{ "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}
