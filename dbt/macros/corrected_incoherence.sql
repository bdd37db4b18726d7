{#
  Incoherence without the bias of few samples, R = Σv / Σe with v = variance_unbiased, and its 95 % interval.

  On the logit scale, which respects [0, 1]: per unit d = v − R·e and, by the delete-one jackknife, j = d / (1 − e / Σe), so that
  s² = (n − 1)/n · Σj² / (Σe)² over n units. Where samples share few-shot contexts, what all units have in common is added: from
  the shifts u of every unit when one context is left out, (K − 1)/K · (Σ_k (Σ_i u_ik)² − Σ_k Σ_i u_ik²) / (Σe)² over K contexts,
  unless below 0. Student's t has the degrees of freedom of both together (Satterthwaite), those of units being
  min(n − 1, (Σd²)² / Σd⁴): few units that decide are few. The ends are expit(logit R ∓ t · s / (R (1 − R))).

  No interval is better than one that does not hold what it says; why there is none is in interval_note: see no_interval.
  What each covers is measured by benchmarks/interval_coverage.py.

  relation: one row per unit with error and variance_unbiased (units without are left out; keys without a unit have no row), and if is_gated error_share and
  mode_margin of int_item_decomposition; contexts: output of int_item_context_shifts, for units that are items. Var cluster
  sums the items of a cluster first: a cluster is then the unit.
#}
{% macro corrected_incoherence(
    relation, keys, unit="item_id", floor=none, contexts=none, is_gated=true, context_keys=none
) %}
    {% set group = keys | join(", ") %}
    {% set cluster = cluster_of(unit) %}
    {% set context_keys = context_keys or item_keys() + ["decomposition"] %}
    with estimated as (
        select
            *,
            variance_unbiased is not null and error is not null as is_estimated
        from {{ relation }}
    ),

    units as (
        select
            {{ group }},
            {{ cluster }},
            {{ "count(*)" if cluster != unit else "1" }} as n_members,
            {{ unit_total("error", unit) }} as error,
            {{ unit_total("variance_unbiased", unit) }} as variance,
            {{ unit_total("error_share", unit) if is_gated else "cast(null as double)" }} as error_share,
            {{ unit_total("mode_margin", unit) if is_gated else "cast(null as double)" }} as mode_margin
        from estimated
        where is_estimated
        {{ "group by " ~ group ~ ", " ~ cluster if cluster != unit }}
    ),

    totals as (
        select
            {{ group }},
            count(*) as n_units,
            sum(error) as total_error,
            sum(variance) as total_variance,
            pow(sum(error), 2) / nullif(sum(error * error), 0) as n_effective,
            sum(error_share) as total_error_share,
            sum(mode_margin) as total_mode_margin,
            case
                when sum(error) > {{ var("zero_error") if floor is none else floor }} * sum(n_members)
                    then {{ settled("sum(variance) / sum(error)") }}
            end as incoherence_unbiased
        from units
        group by {{ group }}
    ),

    residuals as (
        select
            {{ group }},
            variance - incoherence_unbiased * error as residual,
            nullif(1 - error / total_error, 0) as share_of_others
        from units
        inner join totals using ({{ group }})
        where incoherence_unbiased is not null
    ),

    spreads as (
        select
            {{ group }},
            sum(pow(residual, 2)) as residual_sq,
            sum(pow(residual, 4)) as residual_fourth,
            sum(pow(residual / share_of_others, 2)) as jackknife_sq
        from residuals
        group by {{ group }}
    ),

    {% if contexts %}
        {{ context_spreads(contexts, keys, unit, context_keys) }},
    {% endif %}

    measured as (
        select
            {{ group }},
            n_units,
            total_error,
            total_variance,
            n_effective,
            total_error_share,
            total_mode_margin,
            incoherence_unbiased,
            cast({{ "coalesce(n_contexts, 0)" if contexts else "0" }} as bigint) as n_contexts,
            least(n_units - 1, pow(residual_sq, 2) / nullif(residual_fourth, 0)) as unit_freedom,
            (n_units - 1) / cast(n_units as double) * jackknife_sq / nullif(pow(total_error, 2), 0) as unit_sq,
            {{ "coalesce(greatest(between_sq, 0e0) / nullif(pow(total_error, 2), 0), 0e0)" if contexts else "0e0" }} as context_sq
        from totals
        left join spreads using ({{ group }})
        {{ "left join context_spreads using (" ~ group ~ ")" if contexts }}
    ),

    judged as (
        select
            *,
            sqrt(unit_sq + context_sq) as standard_error,
            {{ no_interval(is_gated) }} as interval_note,
            {{ inverse_freedom("unit_sq", "unit_freedom", "context_sq", "n_contexts") }} as inverse_freedom
        from measured
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
