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

{#
  What contexts that all units share add to a variance: with u_ik what leaving context k out moves unit i by,
  (K − 1)/K · (Σ_k (Σ_i u_ik)² − Σ_k Σ_i u_ik²) over K contexts, unless below 0. Common table expressions over `context_units`, one
  row per keys × context_id × unit; squares: column of a u → name of what it adds.
#}
{% macro shared_by_contexts(keys, squares) %}
    {% set group = keys | join(", ") %}
    context_sums as (
        select
            {{ group }},
            context_id,
            {% for shift, square in squares.items() %}
                pow(sum({{ shift }}), 2) - sum(pow({{ shift }}, 2)) as {{ square }}{{ "," if not loop.last }}
            {% endfor %}
        from context_units
        group by {{ group }}, context_id
    ),

    context_spreads as (
        select
            {{ group }},
            count(*) as n_contexts,
            {% for square in squares.values() %}
                greatest((count(*) - 1) / cast(count(*) as double) * sum({{ square }}), 0e0) as {{ square }}{{ "," if not loop.last }}
            {% endfor %}
        from context_sums
        group by {{ group }}
    )
{% endmacro %}

{# What is summed before anything else: items by var cluster, other units (starting points) stand for themselves. #}
{% macro cluster_of(unit) -%}
    {{ return("cluster_id" if unit == "item_id" and var("cluster") != "none" else unit) }}
{%- endmacro %}

{# A column of a unit; of a cluster, its sum. #}
{% macro unit_total(expression, unit) -%}
    {{ return("sum(" ~ expression ~ ")" if cluster_of(unit) != unit else expression) }}
{%- endmacro %}

{#
  A sum as it is held against a limit, or sorted by. Its last digits depend on the order in which it was added up, and so on how the
  rows happen to lie: what is told must not.
#}
{% macro steady(number) -%}
    round({{ number }}, 9)
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
