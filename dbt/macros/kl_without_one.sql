{# The terms of jackknife_kl: what is lost of the KL variance without one sample. #}

{#
  One row per distinct answer of a group. center: the column of ℓ; share: what part of ℓ the group's own mean makes, where it is put
  together from several groups.
#}
{% macro lost_without_vectors(vectors, moments, keys, delta, center="mean_log_prob", share=1) %}
    {% set group = keys | join(", ") %}
    select
        {{ group }},
        max(vectors.n_samples) as n_times,
        ln(
            sum({{ without_sample(log_smoothed("prob", "vectors.n_classes", delta), center, share) }})
            / sum(exp({{ center }}))
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
{% macro lost_without_letters(answers, moments, keys, delta, center="mean_log_prob", share=1) %}
    {% set group = keys | join(", ") %}
    select * from (
        with terms as (
            select
                {{ group }},
                class_index,
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
{% macro without_sample(log_prob, center, share) -%}
    exp({{ center }})
    * exp({{ share ~ " * " if share != 1 }}(mean_log_prob - {{ log_prob }}) / (moments.n_samples - 1))
{%- endmacro %}
