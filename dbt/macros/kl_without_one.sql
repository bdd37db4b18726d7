{#
  The terms of jackknife_kl: what is lost of the KL variance without one sample, in total over the samples of a row (n_times).

  answers: output of answer_counts; moments: one row per group and class with what class_sums counts, mean_log_prob, and `center`;
  keys, deltas: as there; center: the column of ℓ; share: what part of ℓ the group's own mean makes, where it is put together from
  several groups.
#}
{% macro lost_without_each(answers, moments, keys, deltas=none, center="mean_log_prob", share=1) %}
    {% set delta = "kl_delta" if deltas else none %}
    select * from (
        with stated as (
            select * from {{ answers }}
            where answer_kind = 'probabilities'
        ),

        vectors as (
            select * from ({{ class_probabilities("stated", keys) }}) as probabilities
            {{ at_each(deltas) }}
        )

        {{ lost_without_letters(moments, with_delta(keys, deltas), delta, center, share) }}
        union all
        {{ lost_without_vectors("vectors", moments, with_delta(keys, deltas), delta, center, share) }}
    ) as lost_by_answer
{% endmacro %}

{# One row per distinct answer of a group. #}
{% macro lost_without_vectors(vectors, moments, keys, delta=none, center="mean_log_prob", share=1) %}
    {% set group = keys | join(", ") %}
    select
        {{ group }},
        cast(max(vectors.n_samples) as double) as n_times,
        max(vectors.n_samples) * ln(
            sum({{ without_sample(log_smoothed("prob", "vectors.n_classes", delta), center, share) }})
            / sum(exp({{ center }}))
        ) as total_lost
    from {{ vectors }} as vectors
    inner join {{ moments }} as moments using ({{ group }}, class_index)
    where moments.n_samples > 1
    group by {{ group }}, answer_id
{% endmacro %}

{#
  One row per group: letters and format failures. All classes but the chosen one have the same ln f′, so that one sum over classes
  does for all letters: less the chosen class's own term, which for the largest term is summed without it, not taken off again, or
  no digit might be left.
#}
{% macro lost_without_letters(moments, keys, delta, center, share) %}
    {% set group = keys | join(", ") %}
    select * from (
        with terms as (
            select
                {{ group }},
                class_index,
                n_chosen,
                n_failures,
                exp({{ center }}) as center,
                {{ without_sample(log_smoothed("1e0", "n_classes", delta), center, share) }} as chosen,
                {{ without_sample(log_smoothed("0e0", "n_classes", delta), center, share) }} as passed_over,
                {{ without_sample(log_smoothed("1 / cast(n_classes as double)", "n_classes", delta), center, share) }} as failed
            from {{ moments }} as moments
            where n_samples > 1
        ),

        tops as (
            select
                {{ group }},
                max_by(class_index, passed_over) as top_index,
                sum(center) as all_centers,
                sum(passed_over) as all_passed_over,
                sum(failed) as all_failed
            from terms
            group by {{ group }}
        ),

        letters as (
            select
                {{ group }},
                sum(n_chosen) as n_letters,
                max(n_failures) as n_failed,
                max(case when class_index = top_index then n_chosen end) as n_top,
                max(case when class_index = top_index then chosen end) as top_chosen,
                sum(case when class_index = top_index then 0e0 else passed_over end) as rest_passed_over,
                sum(
                    case
                        when class_index = top_index then 0e0
                        else n_chosen * ln((all_passed_over - passed_over + chosen) / all_centers)
                    end
                ) as lost_of_others
            from terms
            inner join tops using ({{ group }})
            group by {{ group }}
        )

        select
            {{ group }},
            cast(n_letters + n_failed as double) as n_times,
            lost_of_others
            + n_top * ln((rest_passed_over + top_chosen) / all_centers)
            + n_failed * ln(all_failed / all_centers) as total_lost
        from letters
        inner join tops using ({{ group }})
    ) as counted
{% endmacro %}

{# exp(ℓ[c]) · exp(d_s[c]) for a sample with this ln f′_s[c]. #}
{% macro without_sample(log_prob, center, share) -%}
    exp({{ center }})
    * exp({{ share ~ " * " if share != 1 }}(mean_log_prob - {{ log_prob }}) / (moments.n_samples - 1))
{%- endmacro %}
