{#
  An end (sign "-" or "+") of a 95 % interval of the share k / n that stays in [0, 1]: Wilson's, which needs no normality, but where k,
  or n - k, is a handful and Wilson's misses too often (Brown, Cai and DasGupta 2001): there, no nearer than the exact one-sided 95 %
  limit. Either side so misses a binomial share at most 5 times in 100. k and n may be no whole numbers. The share itself lies in
  it, also where rounding puts the end of 1000 of 1000 at 1 - 1e-16.
#}
{% macro wilson(k, n, sign) -%}
    {%- set z = 1.959963984540054 -%}
    {{ "least" if sign == "-" else "greatest" }}(
        {{ k }} / cast(nullif({{ n }}, 0) as double),
        (
            ({{ k }} + {{ double(z * z / 2) }})
            {{ sign }} {{ double(z) }} * sqrt({{ k }} * (1 - {{ k }} / cast(nullif({{ n }}, 0) as double)) + {{ double(z * z / 4) }})
        ) / ({{ n }} + {{ double(z * z) }}),
        {{ exact_lower_end(k, n) if sign == "-" else "1 - " ~ exact_lower_end("(" ~ n ~ " - " ~ k ~ ")", n) }}
    )
{%- endmacro %}

{#
  The share that k or more of n have a chance of 5 % at (Clopper and Pearson 1934), by Paulson's approximation of the quantile of F in
  Blyth's form (1986); 0, or NULL, where k is 0. With y = n - k + 1 it is y² r³ / (k² + y² r³).
#}
{% macro exact_lower_end(k, n) -%}
    {%- set z = 1.6448536269514722 -%}
    {%- set y = "(" ~ n ~ " - " ~ k ~ " + 1)" -%}
    {%- set root -%}
        sqrt(9 * {{ y }} * {{ k }} * (9 * {{ n }} + {{ double(5 - z * z) }}) + {{ n }} + 1)
    {%- endset -%}
    {%- set r -%}
        (81 * {{ y }} * {{ k }} - 9 * {{ n }} - 8 - {{ double(3 * z) }} * {{ root }})
        / (81 * pow({{ y }}, 2) - {{ double(9 * (2 + z * z)) }} * {{ y }} + 1)
    {%- endset -%}
    {%- set weight = "pow(" ~ y ~ ", 2) * pow(greatest(" ~ r ~ ", 0e0), 3)" -%}
    {{ weight }} / nullif(pow({{ k }}, 2) + {{ weight }}, 0)
{%- endmacro %}
