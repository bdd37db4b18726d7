{#
  KL variance that is lost without one sample, averaged over which one: what the jackknife corrects with,

      variance_unbiased = S · variance − (S − 1) · mean_s variance without s
                        = variance + (S − 1) · mean_s (variance − variance without s).

  variance is −ln Σ_c exp ℓ[c], so the difference is one logarithm,

      variance − variance without s = ln (Σ_c exp(ℓ[c]) · exp(d_s[c]) / Σ_c exp(ℓ[c])),   d_s[c] = (ℓ[c] − ln f′_s[c]) / (S − 1):

  it is small, and is never made from two large numbers. The first form loses S · variance / variance_unbiased digits, of
  320 samples more than six. No exponential underflows, since ln f′ ≥ ln δ.

  probabilities: output of class_probabilities; moments: of class_moments; keys: the group. Groups of one sample have no row.
#}
{% macro jackknife_kl(probabilities, moments, keys, delta=none) %}
    {% set group = keys | join(", ") %}
    with without_one as (
        select
            {{ group }},
            answer_id,
            max(answers.n_samples) as n_times,
            ln(
                sum(
                    exp(mean_log_prob)
                    * exp(
                        (mean_log_prob - {{ log_smoothed("prob", "answers.n_classes", delta) }})
                        / (moments.n_samples - 1)
                    )
                )
                / sum(exp(mean_log_prob))
            ) as variance_lost
        from {{ probabilities }} as answers
        inner join {{ moments }} as moments using ({{ group }}, class_index)
        where moments.n_samples > 1
        group by {{ group }}, answer_id
    )

    select
        {{ group }},
        sum(n_times * variance_lost) / sum(n_times) as variance_lost
    from without_one
    group by {{ group }}
{% endmacro %}
