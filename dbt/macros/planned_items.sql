{#
  How many items give an interval of half-width √room_sq, in the scale of the estimate: the smallest n with
  t² · (total_spread / n + context_spread) ≤ room_sq, where t has the degrees of freedom of n items.

  Found by putting n back in: each step takes t at the n of the one before, which moves n by a few per cent, and less each time.
  relation: one row per keys with n_items, n_contexts, total_spread, context_spread, effective_freedom, room_sq. The result has
  n_items_needed beside the keys, NULL where contexts alone take more than that room.
#}
{% macro planned_items(relation, keys, n_steps=10) %}
    {% set kept = (keys + ["n_items", "n_contexts", "total_spread", "context_spread", "effective_freedom", "room_sq"]) | join(", ") %}
    with step_0 as (
        select
            {{ kept }},
            cast(null as double) as n_items_needed,
            3.8414588206941236e0 as t_sq
        from {{ relation }}
    ),

    {% for step in range(1, n_steps + 1) %}
        needed_{{ step }} as (
            select
                {{ kept }},
                case
                    when room_sq / t_sq > context_spread then total_spread / (room_sq / t_sq - context_spread)
                end as n_items_needed
            from step_{{ step - 1 }}
        ),

        freedoms_{{ step }} as (
            select
                *,
                {{
                    inverse_freedom(
                        "total_spread / n_items_needed",
                        "greatest(effective_freedom * n_items_needed / n_items, 1e0)",
                        "context_spread",
                        "n_contexts",
                    )
                }} as inverse_freedom
            from needed_{{ step }}
        ),

        step_{{ step }} as (
            select
                {{ kept }},
                n_items_needed,
                pow({{ t_975_of_inverse("inverse_freedom") }}, 2) as t_sq
            from freedoms_{{ step }}
        ){{ "," if not loop.last }}
    {% endfor %}

    select
        {{ keys | join(", ") }},
        n_items_needed
    from step_{{ n_steps }}
{% endmacro %}

{#
  The squared half-width, in the scale of the estimate, that gives an interval of a wanted width: half the width itself where a mean
  variance is planned; of incoherence, whose interval reaches from expit(l − h) to expit(l + h), h from
  width = sinh h / (cosh l + cosh h), times R (1 − R).
#}
{% macro room_sq(width) -%}
    {%- set odds = "(incoherence_unbiased / (1 - incoherence_unbiased))" -%}
    {%- set reach = "(" ~ width ~ " * (" ~ odds ~ " + 1 / " ~ odds ~ ") / 2)" -%}
    case
        when planned = 'incoherence'
            then
                pow(
                    incoherence_unbiased * (1 - incoherence_unbiased)
                    * ln(({{ reach }} + sqrt(pow({{ reach }}, 2) + 1 - pow({{ width }}, 2))) / (1 - {{ width }})),
                    2
                )
        else pow({{ width }} / 2e0, 2)
    end
{%- endmacro %}
