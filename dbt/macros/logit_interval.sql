{#
  The end of corrected_incoherence: its interval on the logit scale, or the reason why there is none.

  relation: one row per keys with incoherence_unbiased, the variances unit_sq and context_sq of units and contexts, what their
  degrees of freedom come from (unit_freedom, n_contexts), and what no_interval asks for.
#}
{% macro logit_interval(relation, keys, is_gated) %}
    {% set group = keys | join(", ") %}
    judged as (
        select
            *,
            sqrt(unit_sq + context_sq) as standard_error,
            {{ no_interval(is_gated) }} as interval_note,
            {{ inverse_freedom("unit_sq", "unit_freedom", "context_sq", "n_contexts") }} as inverse_freedom
        from {{ relation }}
    ),

    quantiles as (
        select
            *,
            {{ t_975_of_inverse("inverse_freedom") }} as t_975
        from judged
    ),

    scaled as (
        select
            *,
            case
                when interval_note is null
                    then
                        exp(
                            -least(
                                t_975 * standard_error / (incoherence_unbiased * (1 - incoherence_unbiased)),
                                700e0
                            )
                        )
            end as odds_ratio
        from quantiles
    )

    select
        {{ group }},
        n_units,
        total_error,
        standard_error,
        t_975,
        unit_sq,
        unit_freedom,
        context_sq,
        incoherence_unbiased,
        incoherence_unbiased * odds_ratio / (incoherence_unbiased * odds_ratio + 1 - incoherence_unbiased)
            as incoherence_unbiased_ci_low,
        incoherence_unbiased / (incoherence_unbiased + (1 - incoherence_unbiased) * odds_ratio)
            as incoherence_unbiased_ci_high,
        n_effective,
        n_contexts,
        interval_note
    from scaled
{% endmacro %}

{#
  Why a corrected incoherence has no interval, or NULL where it has one: nothing went wrong (no_errors), the answers to each item
  are all alike (all_identical), there is one item (one_item), fewer wrong answers than two items that are always wrong would
  give (too_few_errors), two contexts cannot tell how contexts differ (too_few_contexts), KL hangs on which answer is the most
  frequent and the samples do not settle that, or answers at random could agree as much (near_ties), the estimate is at an end of
  [0, 1] or beyond (out_of_range), all items say the same (no_spread).
#}
{% macro no_interval(is_gated) -%}
    case
        when incoherence_unbiased is null then 'no_errors'
        when incoherence_unbiased = 0 then 'all_identical'
        when n_units < 2 then 'one_item'
        {% if is_gated %}
            when {{ steady("total_error_share") }} < {{ var("min_error_share") }} then 'too_few_errors'
            when
                {{ steady("total_mode_margin") }} < 0
                or {{ steady("standardised_agreement") }} < {{ var("min_agreement") }}
                then 'near_ties'
        {% endif %}
        when n_contexts = 2 then 'too_few_contexts'
        when incoherence_unbiased < 0 or incoherence_unbiased > 1 - 1e-9 then 'out_of_range'
        when unit_sq is null or unit_sq + context_sq <= 1e-18 then 'no_spread'
    end
{%- endmacro %}
