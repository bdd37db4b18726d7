{#
  KL variance without one sample, averaged over which one: what the jackknife corrects with,

      variance_unbiased = S · variance − (S − 1) · mean_s variance without s.

  Without s, ℓ[c] is (S·ℓ[c] − ln f′_s[c]) / (S − 1); no exponential underflows, since ln f′ ≥ ln δ.

  probabilities: output of class_probabilities; moments: of class_moments; keys: the group. Groups of one sample have no row.
#}
{% macro jackknife_kl(probabilities, moments, keys) %}
    {% set group = keys | join(", ") %}
    with without_one as (
        select
            {{ group }},
            answer_id,
            max(answers.n_samples) as n_times,
            -ln(
                sum(
                    exp(
                        (moments.n_samples * mean_log_prob - {{ log_smoothed("prob", "answers.n_classes") }})
                        / (moments.n_samples - 1)
                    )
                )
            ) as variance
        from {{ probabilities }} as answers
        inner join {{ moments }} as moments using ({{ group }}, class_index)
        where moments.n_samples > 1
        group by {{ group }}, answer_id
    )

    select
        {{ group }},
        sum(n_times * variance) / sum(n_times) as variance_without_one
    from without_one
    group by {{ group }}
{% endmacro %}
