{#
  Accuracy-matched incoherence: all right-answer probabilities p of a pool with one common shift of their logits, p' = w p / D and
  p'_c = p_c / D for a wrong answer c, with D = 1 − (1 − w) p and 0 < w ≤ 1.

  1/D and 1/D² are no polynomials in p, so few samples would bias them. Their Chebyshev series on 0 ≤ p ≤ 1 are, and converge
  fast: with T_k those polynomials, √w = (1 − u) / (1 + u) and Σ' halving its first term,

      1/D  = 2/√w · Σ' u^k T_k(2p − 1)
      1/D² = 2/w  · Σ' u^k (k + (1 + w) / (2 √w)) T_k(2p − 1)

  and p^j times a polynomial has an unbiased estimate from samples: p^j is C(r, j) / C(n, j) with r right of n samples.
#}
{% macro matched_degree() %}{{ return(6) }}{% endmacro %}

{# Coefficients of T_k(2p − 1) in powers of p: T_k = k Σ_j (−1)^(k − j) 4^j (k + j − 1)! / ((k − j)! (2j)!) p^j. #}
{% macro shifted_chebyshev() -%}
    {%- for k in range(matched_degree() + 1) %}
        {%- for j in range(k + 1) %}
            {%- set ns = namespace(ratio=1.0) %}
            {%- for i in range(k - j + 1, k + j) %}{% set ns.ratio = ns.ratio * i %}{% endfor %}
            {%- for i in range(1, 2 * j + 1) %}{% set ns.ratio = ns.ratio / i %}{% endfor %}
            select
                cast({{ k }} as bigint) as k,
                {{ j }} as power,
                cast({{ 1 if k == 0 else (1 if (k - j) % 2 == 0 else -1) * (4 ** j) * (1 if j == 0 else k * ns.ratio) | round(6) }} as double)
                    as coefficient
            {{ "union all" if not (k == matched_degree() and loop.last) }}
        {%- endfor %}
    {%- endfor %}
{%- endmacro %}

{# The terms u^k of Σ', the first halved. #}
{% macro series_weight(u, k) -%}
    (case when {{ k }} = 0 then 0.5e0 else pow({{ u }}, {{ k }}) end)
{%- endmacro %}

{# √w of a shift u. #}
{% macro root_odds(u) -%}
    ((1 - {{ u }}) / (1 + {{ u }}))
{%- endmacro %}

{# What the terms after the k-th could add to an item's Σ p'², at most. #}
{% macro series_rest(u, k) -%}
    2 * pow({{ root_odds(u) }}, 2) * pow({{ u }}, {{ k }} + 1)
    * ({{ k }} + 1 + (1 + pow({{ root_odds(u) }}, 2)) / (2 * {{ root_odds(u) }})) / (1 - {{ u }})
{%- endmacro %}
