{#
  The KL decomposition in closed form. With ℓ[c] = mean_s ln f'_s[c] and the geometric mean f̄ ∝ exp ℓ:

      error = −ℓ[y]      variance = mean_s KL(f̄ ‖ f'_s) = −ln Σ_c exp ℓ[c]      bias² = −ln f̄[y] = ln Σ_c exp ℓ[c] − ℓ[y]

  relation: output of class_moments; keys: the group; jackknife: output of jackknife_kl. The sum of exponentials is taken
  relative to its largest term. The error is a mean over samples, so only its two parts need a correction.
#}
{% macro decomposition_kl(relation, keys, jackknife) %}
    {% set group = keys | join(", ") %}
    with extremes as (
        select
            {{ group }},
            max(n_samples) as n_samples,
            max(mean_log_prob) as max_log_prob,
            max(mean_log_prob) filter (where is_target) as target_log_prob
        from {{ relation }}
        group by {{ group }}
    ),

    normalisers as (
        select
            {{ group }},
            max(max_log_prob) + ln(sum(exp(mean_log_prob - max_log_prob))) as log_sum
        from {{ relation }}
        inner join extremes using ({{ group }})
        group by {{ group }}
    ),

    split as (
        select
            {{ group }},
            n_samples,
            greatest(-target_log_prob, 0.0) as error,
            greatest(log_sum - target_log_prob, 0.0) as bias_sq,
            greatest(-log_sum, 0.0) as variance,
            greatest(-log_sum, 0.0) + (n_samples - 1) * variance_lost as variance_unbiased
        from extremes
        inner join normalisers using ({{ group }})
        left join {{ jackknife }} as jackknife using ({{ group }})
    )

    select
        {{ group }},
        'kl' as decomposition,
        n_samples,
        error,
        bias_sq,
        variance,
        error - variance_unbiased as bias_sq_unbiased,
        variance_unbiased
    from split
{% endmacro %}
