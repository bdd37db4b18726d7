{#
  The 97.5 % quantile of Student's t: tabulated for up to 200 degrees of freedom (seed student_t_975), beyond that the
  Cornish-Fisher expansion around the normal quantile z (Abramowitz and Stegun 26.7.5), right to 1e-10 there.
#}
{% macro t_quantile(tabulated, degrees_of_freedom) -%}
    {%- set z = 1.959963984540054 -%}
    {%- set g1 = (z ** 3 + z) / 4 -%}
    {%- set g2 = (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96 -%}
    {%- set g3 = (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384 -%}
    {%- set g4 = (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92160 -%}
    coalesce(
        {{ tabulated }},
        {{ double(z) }}
        + (
            {{ double(g1) }}
            + ({{ double(g2) }} + ({{ double(g3) }} + {{ double(g4) }} / ({{ degrees_of_freedom }})) / ({{ degrees_of_freedom }}))
            / ({{ degrees_of_freedom }})
        ) / ({{ degrees_of_freedom }})
    )
{%- endmacro %}

{#
  The same quantile where the degrees of freedom are no whole number: a polynomial in x, their inverse (a column), by Chebyshev
  interpolation over 0 ≤ x ≤ 1, right to 3e-11.
#}
{% macro t_975_of_inverse(x) -%}
    {%- set coefficients = [
        1.959963984584888, 2.372271204372387, 2.822501107528759, 2.555755023684893, 1.591412371144115,
        0.7107389129926699, 0.7918021986997379, -0.6251247387656432, 0.02152670812337654, 3.510130234592717,
        -8.974786801453606, 13.08831942760372, -12.68626159831344, 8.382317783411432, -3.652819278902074,
        0.9506157436275808, -0.1121575467692295,
    ] -%}
    {%- for coefficient in coefficients -%}
        {{ double(coefficient) }} {%- if not loop.last %} + {{ x }} * ( {%- endif -%}
    {%- endfor -%}
    {{ ")" * (coefficients | length - 1) }}
{%- endmacro %}
