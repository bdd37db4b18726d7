{#
  The KL decomposition in closed form. With ℓ[c] = mean_s ln f'_s[c] and the geometric mean f̄ ∝ exp ℓ:

      error = −ℓ[y]      variance = mean_s KL(f̄ ‖ f'_s) = −ln Σ_c exp ℓ[c]      bias² = −ln f̄[y] = ln Σ_c exp ℓ[c] − ℓ[y]

  relation: one row per group and class with is_target, n_samples and mean_log_prob (ℓ); keys: the group. The sum of
  exponentials is taken relative to its largest term.
#}
{% macro kl_parts(relation, keys) %}
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
    )

    select
        {{ group }},
        n_samples,
        greatest(-target_log_prob, 0e0) as error,
        greatest(log_sum - target_log_prob, 0e0) as bias_sq,
        greatest(-log_sum, 0e0) as variance
    from extremes
    inner join normalisers using ({{ group }})
{% endmacro %}

{#
  The same with its correction for few samples. The error is a mean over samples, so only its two parts need one.

  relation: output of class_moments; keys: the group; jackknife: output of jackknife_kl; letters: of letter_groups, if classes
  are gone through in other groups alone; delta: their column with δ, if there are several.
#}
{% macro decomposition_kl(relation, keys, jackknife, letters=none, delta=none) %}
    {% set group = keys | join(", ") %}
    with parts as (
        ({{ kl_parts(relation, keys) }})
        {% if letters %}
            union all
            ({{ kl_parts_of_letters(letters, keys, delta) }})
        {% endif %}
    ),

    corrected as (
        select
            *,
            variance + (n_samples - 1) * variance_lost as variance_unbiased
        from parts
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
    from corrected
{% endmacro %}
