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
        {{ z }}
        + ({{ g1 }} + ({{ g2 }} + ({{ g3 }} + {{ g4 }} / ({{ degrees_of_freedom }})) / ({{ degrees_of_freedom }}))
        / ({{ degrees_of_freedom }})) / ({{ degrees_of_freedom }})
    )
{%- endmacro %}
