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
  mode_margin and excess_agreement of int_item_decomposition; contexts: output of int_item_context_shifts, for units that are items. Var cluster
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
            {{ unit_total("mode_margin", unit) if is_gated else "cast(null as double)" }} as mode_margin,
            {{ unit_total("excess_agreement", unit) if is_gated else "cast(null as double)" }} as excess_agreement
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
            sum(excess_agreement) / sqrt(sum(n_members)) as standardised_agreement,
            case
                when sum(error) > {{ var("zero_error") if floor is none else floor }} * sum(n_members)
                    then {{ settled("sum(variance) / sum(error)") }}
            end as incoherence_unbiased
        from units
        group by {{ group }}
    ),

    {{ unit_spreads(keys) }},

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
            standardised_agreement,
            incoherence_unbiased,
            cast({{ "coalesce(n_contexts, 0)" if contexts else "0" }} as bigint) as n_contexts,
            least(n_units - 1, pow(residual_sq, 2) / nullif(residual_fourth, 0)) as unit_freedom,
            (n_units - 1) / cast(n_units as double) * jackknife_sq / nullif(pow(total_error, 2), 0) as unit_sq,
            {{ "coalesce(between_sq / nullif(pow(total_error, 2), 0), 0e0)" if contexts else "0e0" }} as context_sq
        from totals
        left join spreads using ({{ group }})
        {{ "left join context_spreads using (" ~ group ~ ")" if contexts }}
    ),

    {{ logit_interval("measured", keys, is_gated) }}
{% endmacro %}
