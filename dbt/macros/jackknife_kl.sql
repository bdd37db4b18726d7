{#
  KL variance that is lost without one sample, averaged over which one: what the jackknife corrects with,

      variance_unbiased = S · variance − (S − 1) · mean_s variance without s
                        = variance + (S − 1) · mean_s (variance − variance without s).

  variance is −ln Σ_c exp ℓ[c], so the difference is one logarithm,

      variance − variance without s = ln (Σ_c exp(ℓ[c]) · exp(d_s[c]) / Σ_c exp(ℓ[c])),   d_s[c] = (ℓ[c] − ln f′_s[c]) / (S − 1):

  it is small, and is never made from two large numbers. The first form loses S · variance / variance_unbiased digits, of
  320 samples more than six. No exponential underflows, since ln f′ ≥ ln δ.

  answers: output of answer_counts; moments: of class_moments; keys: the group. Groups of one sample have no row.
#}
{% macro jackknife_kl(answers, moments, keys, delta=none) %}
    {% set group = keys | join(", ") %}
    with stated as (
        select * from {{ answers }}
        where answer_kind = 'probabilities'
    ),

    vectors as (
        {{ class_probabilities("stated", keys) }}
    ),

    lost as (
        {{ lost_without_letters(answers, moments, keys, delta) }}
        union all
        {{ lost_without_vectors("vectors", moments, keys, delta) }}
    )

    {{ mean_variance_lost("lost", keys) }}
{% endmacro %}

{# The same, where samples are vectors whatever they say. vectors: output of class_probabilities. #}
{% macro jackknife_kl_of_vectors(vectors, moments, keys, delta=none) %}
    with lost as (
        {{ lost_without_vectors(vectors, moments, keys, delta) }}
    )

    {{ mean_variance_lost("lost", keys) }}
{% endmacro %}

{% macro mean_variance_lost(lost, keys) %}
    select
        {{ keys | join(", ") }},
        sum(n_times * variance_lost) / sum(n_times) as variance_lost
    from {{ lost }}
    group by {{ keys | join(", ") }}
{% endmacro %}

{# One row per distinct answer of a group. #}
{% macro lost_without_vectors(vectors, moments, keys, delta) %}
    {% set group = keys | join(", ") %}
    select
        {{ group }},
        max(vectors.n_samples) as n_times,
        ln(
            sum({{ without_sample(log_smoothed("prob", "vectors.n_classes", delta)) }}) / sum(exp(mean_log_prob))
        ) as variance_lost
    from {{ vectors }} as vectors
    inner join {{ moments }} as moments using ({{ group }}, class_index)
    where moments.n_samples > 1
    group by {{ group }}, answer_id
{% endmacro %}

{#
  One row per letter that was chosen, and one for format failures. All classes but the chosen one have the same ln f′, so that one sum
  over classes does for all letters: less the chosen class's own term, which for the largest term is summed without it, not taken off
  again, or no digit might be left.
#}
{% macro lost_without_letters(answers, moments, keys, delta) %}
    {% set group = keys | join(", ") %}
    select * from (
        with terms as (
            select
                {{ group }},
                class_index,
                mean_log_prob,
                exp(mean_log_prob) as center,
                {{ without_sample(log_smoothed("1e0", "n_classes", delta)) }} as chosen,
                {{ without_sample(log_smoothed("0e0", "n_classes", delta)) }} as passed_over,
                {{ without_sample(log_smoothed("1 / cast(n_classes as double)", "n_classes", delta)) }} as failed
            from {{ moments }} as moments
            where n_samples > 1
        ),

        tops as (
            select
                {{ group }},
                max_by(class_index, mean_log_prob) as top_index,
                sum(center) as all_centers,
                sum(passed_over) as all_passed_over,
                sum(failed) as all_failed
            from terms
            group by {{ group }}
        ),

        rests as (
            select
                {{ group }},
                sum(case when class_index = top_index then 0e0 else passed_over end) as rest_passed_over
            from terms
            inner join tops using ({{ group }})
            group by {{ group }}
        ),

        letters as (
            select
                {{ group }},
                choice_index as class_index,
                n_samples as n_times
            from {{ answers }}
            where answer_kind = 'choice'
        ),

        failures as (
            select
                {{ group }},
                sum(n_samples) as n_times
            from {{ answers }}
            where answer_kind = 'format_failure'
            group by {{ group }}
        )

        select
            {{ group }},
            n_times,
            ln(
                (case when class_index = top_index then rest_passed_over else all_passed_over - passed_over end + chosen)
                / all_centers
            ) as variance_lost
        from terms
        inner join letters using ({{ group }}, class_index)
        inner join tops using ({{ group }})
        inner join rests using ({{ group }})

        union all

        select
            {{ group }},
            n_times,
            ln(all_failed / all_centers) as variance_lost
        from tops
        inner join failures using ({{ group }})
    ) as counted
{% endmacro %}

{# exp(ℓ[c]) · exp(d_s[c]) for a sample with this ln f′_s[c]. #}
{% macro without_sample(log_prob) -%}
    exp(mean_log_prob) * exp((mean_log_prob - {{ log_prob }}) / (moments.n_samples - 1))
{%- endmacro %}
