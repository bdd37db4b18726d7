{#
  How far a 95 % interval reaches below or above (side) an estimate whose units lie askew, as those of a variance do, where Student's t
  alone ends too low (Hall 1992, On the removal of skewness by transformation): with λ = Σd³ / (Σd²)^1.5 of what each unit moves the
  estimate by, from θ − s g(t) to θ − s g(−t), g(x) = 3/λ · (∛(1 + λ (x − λ/6)) − 1). Written without division by λ, at 0 of which
  g(x) is x.

  standard_error: s; inverse_freedom: one over the degrees of freedom of Student's t (a column); skew: λ.
#}
{% macro skewed_reach(side, standard_error, inverse_freedom, skew) -%}
    {%- set t = "(" ~ t_975_of_inverse(inverse_freedom) ~ ")" -%}
    {%- set moved = "(" ~ ("-" if side == "above" else "") ~ t ~ " - " ~ skew ~ " / 6)" -%}
    {%- set root = "cbrt(1 + " ~ skew ~ " * " ~ moved ~ ")" -%}
    {{ "-" if side == "above" }} 3 * {{ standard_error }} * {{ moved }} / (pow({{ root }}, 2) + {{ root }} + 1)
{%- endmacro %}

{# λ of what units move an estimate by: an aggregate of influences. #}
{% macro skew_of_influences(influence="influence") -%}
    sum(pow({{ influence }}, 3)) / nullif(pow(sum(pow({{ influence }}, 2)), 15e-1), 0)
{%- endmacro %}

{#
  Common table expressions up to `reaches` (reach_below, reach_above, and the standard error below as error_below) from clusters'
  influence_below and influence_above: as askew as clusters are to the right, while of a skew to the left few of them tell little;
  Student's t has n / (κ − 1) degrees of freedom.
#}
{% macro skewed_reaches(influences, keys) %}
    {% set group = keys | join(", ") %}
    {% set sides = ["below", "above"] %}
    spreads as (
        select
            {{ group }},
            {% for side in sides %}
                {% set influence = "influence_" ~ side %}
                sqrt(sum(pow({{ influence }}, 2)) * count(*) / cast(nullif(count(*) - 1, 0) as double)) as error_{{ side }},
                greatest({{ skew_of_influences(influence) }}, 0e0) as skew_{{ side }},
                {{ inverse_freedom_by_kurtosis(influence, is_halved=true) }}
                    as inverse_freedom_{{ side }}{{ "," if not loop.last }}
            {% endfor %}
        from {{ influences }}
        group by {{ group }}
    ),

    reaches as (
        select
            {{ group }},
            error_below,
            {% for side in sides %}
                {{ skewed_reach(side, "error_" ~ side, "inverse_freedom_" ~ side, "skew_" ~ side) }}
                    as reach_{{ side }}{{ "," if not loop.last }}
            {% endfor %}
        from spreads
    )
{% endmacro %}
