{#
  Why a corrected incoherence has no interval, or NULL where it has one: nothing went wrong (no_errors), the answers to each item
  are all alike (all_identical), there is one item (one_item), fewer wrong answers than two items that are always wrong would
  give (too_few_errors), two contexts cannot tell how contexts differ (too_few_contexts), KL hangs on which answer is the most
  frequent and the samples do not settle that (near_ties), the estimate is at an end of [0, 1] or beyond (out_of_range), all
  items say the same (no_spread).
#}
{% macro no_interval(is_gated) -%}
    case
        when incoherence_unbiased is null then 'no_errors'
        when incoherence_unbiased = 0 then 'all_identical'
        when n_units < 2 then 'one_item'
        {% if is_gated %}
            when total_error_share < {{ var("min_error_share") }} then 'too_few_errors'
            -- Of few items, more: chance alone may let the answers to a handful look settled.
            when total_mode_margin < 8e0 / n_units then 'near_ties'
        {% endif %}
        when n_contexts = 2 then 'too_few_contexts'
        when incoherence_unbiased < 0 or incoherence_unbiased > 1 - 1e-9 then 'out_of_range'
        when unit_sq is null or unit_sq + context_sq <= 1e-18 then 'no_spread'
    end
{%- endmacro %}

{# What all units of a pool have in common where they share contexts: see corrected_incoherence. #}
{% macro context_spreads(contexts, keys, unit, context_keys) %}
    {% set group = keys | join(", ") %}
    {% set cluster = cluster_of(unit) %}
    context_units as (
        select
            {{ columns_of("estimated", keys) }},
            shifts.context_id,
            {{ unit_total("shifts.variance_shift - totals.incoherence_unbiased * shifts.error_shift", unit) }} as shift
        from estimated
        inner join totals using ({{ group }})
        inner join {{ contexts }} as shifts using ({{ context_keys | join(", ") }})
        where is_estimated
        {{ "group by " ~ columns_of("estimated", keys) ~ ", shifts.context_id, estimated." ~ cluster if cluster != unit }}
    ),

    context_sums as (
        select
            {{ group }},
            context_id,
            sum(shift) as shift,
            sum(shift * shift) as shift_sq
        from context_units
        group by {{ group }}, context_id
    ),

    context_spreads as (
        select
            {{ group }},
            count(*) as n_contexts,
            (count(*) - 1) / cast(count(*) as double) * (sum(shift * shift) - sum(shift_sq)) as between_sq
        from context_sums
        group by {{ group }}
    )
{% endmacro %}

{#
  1 / degrees of freedom of a variance that units and contexts add to (Satterthwaite); rounding must not carry it above 1.
#}
{% macro inverse_freedom(unit_sq, unit_freedom, context_sq, n_contexts) -%}
    least(
        (
            pow({{ unit_sq }}, 2) / nullif({{ unit_freedom }}, 0)
            + case when {{ context_sq }} > 0 then pow({{ context_sq }}, 2) / ({{ n_contexts }} - 1) else 0e0 end
        ) / nullif(pow({{ unit_sq }} + {{ context_sq }}, 2), 0),
        1e0
    )
{%- endmacro %}

{# What is summed before anything else: items by var cluster, other units (starting points) stand for themselves. #}
{% macro cluster_of(unit) -%}
    {{ return("cluster_id" if unit == "item_id" and var("cluster") != "none" else unit) }}
{%- endmacro %}

{# A column of a unit; of a cluster, its sum. #}
{% macro unit_total(expression, unit) -%}
    {{ return("sum(" ~ expression ~ ")" if cluster_of(unit) != unit else expression) }}
{%- endmacro %}

{# A number next to 0 is rounding, not a result. #}
{% macro settled(number) -%}
    case when abs({{ number }}) < 1e-9 then 0e0 else {{ number }} end
{%- endmacro %}

{# An item's error in items that are always wrong, whose Brier error is 2; KL's has no such unit, and counts wrong answers. #}
{% macro error_share() -%}
    case decomposition
        when 'brier' then error / 2
        when 'kl' then 1 - accuracy
        when 'coverage' then error
        when 'score' then error
    end
{%- endmacro %}
