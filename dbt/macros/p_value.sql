{#
  How likely a statistic as far from 0 as this is, on either side, if it is really 0: 2 · Φ(−z), with z the normal quantile that
  stands where t does in Student's distribution (Hill 1970, algorithm 395), right to 1e-4 of p from three degrees of freedom on.
  Two steps, each a column of the one before: `normal_quantile`, then `two_sided`.
#}
{% macro normal_quantile(t, degrees_of_freedom) -%}
    {%- set a = "(" ~ degrees_of_freedom ~ " - 5e-1)" -%}
    {%- set b = "(48e0 * " ~ a ~ " * " ~ a ~ ")" -%}
    {%- set y = "(" ~ a ~ " * ln(1 + pow(" ~ t ~ ", 2) / " ~ degrees_of_freedom ~ "))" -%}
    sqrt({{ y }}) * (
        1 + (
            {{ y }} + 3
            + (((-4e-1 * {{ y }} - 3.3e0) * {{ y }} - 24) * {{ y }} - 8.55e1)
            / (8e-1 * {{ y }} * {{ y }} + 100 + {{ b }})
        ) / {{ b }}
    )
{%- endmacro %}

{# 2 · Φ(−z) of z ≥ 0: Hart's rational approximation, as West (2005) gives it, right to 1e-15; its tail from 7.07 on. #}
{% macro two_sided(z) -%}
    {%- set above = [
        3.52624965998911e-2, 0.700383064443688, 6.37396220353165, 33.912866078383, 112.079291497871, 221.213596169931,
        220.206867912376,
    ] -%}
    {%- set below = [
        8.83883476483184e-2, 1.75566716318264, 16.064177579207, 86.7807322029461, 296.564248779674, 637.333633378831,
        793.826512519948, 440.413735824752,
    ] -%}
    2 * exp(-pow({{ z }}, 2) / 2) * case
        when {{ z }} < 7.07e0 then ({{ polynomial(above, z) }}) / ({{ polynomial(below, z) }})
        else 1 / (2.506628274631e0 * ({{ z }} + 1 / ({{ z }} + 2 / ({{ z }} + 3 / ({{ z }} + 4 / ({{ z }} + 6.5e-1))))))
    end
{%- endmacro %}

{# A polynomial by Horner's rule, the coefficient of the highest power first. #}
{% macro polynomial(coefficients, x) -%}
    {{ "(" * (coefficients | length - 2) }}{{ double(coefficients[0]) }} * {{ x }}
    {%- for coefficient in coefficients[1:] %} + {{ double(coefficient) }}{{ ") * " ~ x if not loop.last }}{% endfor %}
{%- endmacro %}
