{#
  A weighted sum of corrected incoherences Σ_k w_k R_k over sides that share their units (the halves of an item, two
  conditions, two steps from one start), with a 95 % interval from those of the sides.

  The ends of each side's interval (corrected_incoherence) are recovered as Zou and Donner (2008) do for differences ("MOVER"): the
  distance of each R_k to the end that matters, in units of t times its standard error, scales the side's influences; what the
  sides share cancels within a unit (and, where there are contexts, within a context). With a_k that scale, below or above,

      half width² = t² · ((n − 1)/n · Σ_i (Σ_k w_k a_k j_ki / Σe_k)² + what contexts add, as in corrected_incoherence)

  with the degrees of freedom of the sum, so that one side alone gets its own interval back. No interval where a side has none:
  its interval_note says why.

  relation: one row per unit × side with error, variance_unbiased and, if is_gated, error_share, mode_margin and excess_agreement; units that lack a
  side or its variance are left out; sides: name → (value of the column `side`, weight); contexts: rows per keys × unit × side ×
  context_id with error_shift and variance_shift.
#}
{% macro ratio_contrast(relation, keys, unit, side, sides, floor=none, is_gated=true, contexts=none) %}
    {% set group = keys | join(", ") %}
    {% set cluster = cluster_of(unit) %}
    with weighted as (
        select
            *,
            {{ side }} as contrast_side,
            {{ weight_of(side, sides) }} as weight
        from {{ relation }}
    ),

    complete as (
        select * from weighted
        where weight is not null and error is not null and variance_unbiased is not null
        qualify count(*) over (partition by {{ group }}, {{ unit }}) = {{ sides | length }}
    ),

    {% if contexts %}
        side_contexts as (
            select
                *,
                {{ side }} as contrast_side
            from {{ contexts }}
        ),
    {% endif %}

    ratios as (
        {{
            corrected_incoherence(
                "complete", keys + ["contrast_side"], unit, floor, "side_contexts" if contexts, is_gated,
                keys + [unit, "contrast_side"]
            )
        }}
    ),

    {{ scaled_sides(keys, sides) }},

    {{ contrast_unit_spreads(keys, unit) }},

    {% if contexts %}
        {{ contrast_context_spreads(keys, unit) }},
    {% endif %}

    contrasts as (
        select
            {{ group }},
            max(n_units) as n_units,
            {% for name, (value, weight) in sides.items() %}
                max(incoherence_unbiased) filter (where contrast_side = {{ value }}) as incoherence_{{ name }},
                max(n_effective) filter (where contrast_side = {{ value }}) as n_effective_{{ name }},
            {% endfor %}
            max(interval_note) as interval_note,
            case
                when count(incoherence_unbiased) = {{ sides | length }}
                    then
                        {% for value, weight in sides.values() %}
                            {{ weight }} * max(incoherence_unbiased) filter (where contrast_side = {{ value }})
                            {{ "+" if not loop.last }}
                        {% endfor %}
            end as difference
        from ratios
        group by {{ group }}
    ),

    half_widths as (
        select
            {{ group }},
            {% for end in ["low", "high"] %}
                {% set context_sq = "coalesce(context_sq_" ~ end ~ ", 0e0)" if contexts else "0e0" %}
                sqrt(unit_sq_{{ end }} + {{ context_sq }}) as standard_error_{{ end }},
                {{ inverse_freedom("unit_sq_" ~ end, "unit_freedom_" ~ end, context_sq, "n_contexts" if contexts else "0") }}
                    as inverse_freedom_{{ end }}{{ "," if not loop.last }}
            {% endfor %}
        from spreads
        {{ "left join context_spreads using (" ~ group ~ ")" if contexts }}
    )

    select
        contrasts.*,
        {% for end, sign in {"low": "-", "high": "+"}.items() %}
            case
                when interval_note is null
                    then
                        difference {{ sign }} standard_error_{{ end }}
                        * ({{ t_975_of_inverse("inverse_freedom_" ~ end) }})
            end as difference_ci_{{ end }}{{ "," if not loop.last }}
        {% endfor %}
    from contrasts
    left join half_widths using ({{ group }})
{% endmacro %}

{# The plain case: the second of two sides minus the first. #}
{% macro paired_difference(relation, keys, unit, side, first, second, floor=none, is_gated=true, contexts=none) %}
    {{ ratio_contrast(relation, keys, unit, side, {"1": (first, -1), "2": (second, 1)}, floor, is_gated, contexts) }}
{% endmacro %}
