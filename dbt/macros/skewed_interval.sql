{#
  How far a 95 % interval reaches below and above an estimate whose units lie askew, as those of a variance do, where Student's t alone
  ends too low (Hall 1992, On the removal of skewness by transformation): with λ = Σd³ / (Σd²)^1.5 of what each unit moves the estimate
  by, from θ − s g(t) to θ − s g(−t), g(x) = 3/λ · (∛(1 + λ (x − λ/6)) − 1). Written without division by λ, at 0 of which g(x) is x.

  standard_error: s; t: Student's quantile, with as many degrees of freedom as a sandwich has; skew: λ.
#}
{% macro skewed_reach(standard_error, t, skew) -%}
    {% for name, x in {"reach_below": t, "reach_above": "-" ~ t}.items() %}
        {% set moved = "(" ~ x ~ " - " ~ skew ~ " / 6)" %}
        {% set root = "cbrt(1 + " ~ skew ~ " * " ~ moved ~ ")" %}
        {{ "-" if name == "reach_above" }} 3 * {{ standard_error }} * {{ moved }} / (pow({{ root }}, 2) + {{ root }} + 1)
            as {{ name }}{{ "," if not loop.last }}
    {% endfor %}
{%- endmacro %}

{# λ of what units move an estimate by: an aggregate of influences. #}
{% macro skew_of_influences() -%}
    sum(pow(influence, 3)) / nullif(pow(sum(pow(influence, 2)), 15e-1), 0)
{%- endmacro %}
