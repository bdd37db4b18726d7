{# ln of "n choose k", for k ≤ n: sums of logarithms, so that thousands of samples do not overflow. #}
{% macro ln_choose(n, k) -%}
    ({{ ln_factorial(n) }} - {{ ln_factorial(k) }} - {{ ln_factorial("(" ~ n ~ ") - (" ~ k ~ ")") }})
{%- endmacro %}

{# Share of the k-subsets of n that lie within m of them: C(m, k) / C(n, k), 0 for k > m. #}
{% macro share_of_subsets(m, n, k) -%}
    case when {{ k }} <= {{ m }} then exp({{ ln_choose(m, k) }} - {{ ln_choose(n, k) }}) else 0e0 end
{%- endmacro %}
