{#
  KL variance that is lost without one sample, averaged over which one: what the jackknife corrects with,

      variance_unbiased = S · variance − (S − 1) · mean_s variance without s
                        = variance + (S − 1) · mean_s (variance − variance without s).

  variance is −ln Σ_c exp ℓ[c], so the difference is one logarithm,

      variance − variance without s = ln (Σ_c exp(ℓ[c]) · exp(d_s[c]) / Σ_c exp(ℓ[c])),   d_s[c] = (ℓ[c] − ln f′_s[c]) / (S − 1):

  it is small, and is never made from two large numbers. The first form loses S · variance / variance_unbiased digits, of
  320 samples more than six. No exponential underflows, since ln f′ ≥ ln δ.

  answers: output of answer_counts; moments: of class_moments; keys: the group; deltas: see class_sums; letters: of letter_groups (at
  each δ), if classes are gone through in other groups alone. Groups of one sample have no row.
#}
{% macro jackknife_kl(answers, moments, keys, deltas=none, letters=none) %}
    with lost as (
        {{ lost_without_each(answers, moments, keys, deltas) }}
    )

    {{ mean_variance_lost("lost", with_delta(keys, deltas)) }}
    {% if letters %}
        union all
        ({{ jackknife_kl_of_letters(letters, with_delta(keys, deltas), "kl_delta" if deltas else none) }})
    {% endif %}
{% endmacro %}

{# The same, where samples are vectors whatever they say. vectors: output of class_probabilities. #}
{% macro jackknife_kl_of_vectors(vectors, moments, keys) %}
    with lost as (
        {{ lost_without_vectors(vectors, moments, keys) }}
    )

    {{ mean_variance_lost("lost", keys) }}
{% endmacro %}

{% macro mean_variance_lost(lost, keys) %}
    select
        {{ keys | join(", ") }},
        sum(total_lost) / sum(n_times) as variance_lost
    from {{ lost }}
    group by {{ keys | join(", ") }}
{% endmacro %}
