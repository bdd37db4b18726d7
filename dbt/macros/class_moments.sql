{#
  Moments of f_s[c] over the samples of a group, per class: all that the decompositions need.

  answers: output of answer_counts; keys: the same keys; deltas: see class_sums.
  Variances are of f_s[c] − y[c], from its first two moments: what cancels is as small as the error, so that even an
  incoherence of answers that are nearly always right keeps its digits. Where all samples say the same the variance is 0,
  not rounding noise.
#}
{% macro class_moments(answers, keys, deltas=none) %}
    with sums as (
        {{ class_sums(answers, keys, deltas) }}
    )

    {{ moments_of_sums("sums", with_delta(keys, deltas)) }}
{% endmacro %}

{# The same of samples that are vectors whatever they say. vectors: output of class_probabilities. #}
{% macro class_moments_of_vectors(vectors, keys) %}
    with sums as (
        {{ class_sums_of_vectors(vectors, keys) }}
    )

    {{ moments_of_sums("sums", keys) }}
{% endmacro %}

{% macro moments_of_sums(sums, keys) %}
    select
        {{ keys | join(", ") }},
        class_index,
        n_classes,
        class_index = target_index as is_target,
        cast(n_samples as bigint) as n_samples,
        cast(n_chosen as bigint) as n_chosen,
        cast(n_failures as bigint) as n_failures,
        cast(n_predicted as bigint) as n_predicted,
        total_miss / n_samples + {{ is_target_class() }} as mean_prob,
        case
            when lowest < highest then greatest(total_sq_miss / n_samples - pow(total_miss / n_samples, 2), 0e0) else 0e0
        end as var_prob,
        total_log_prob / n_samples as mean_log_prob,
        total_sq_miss / n_samples as mean_sq_error
    from {{ sums }}
{% endmacro %}

{# ln f′ of a probability f over C classes: f′ = (f + δ) / (1 + C·δ). #}
{% macro log_smoothed(prob, n_classes, delta=none) -%}
    {%- set delta = var("kl_delta") if delta is none else delta -%}
    ln(({{ prob }} + {{ delta }}) / (1 + {{ n_classes }} * {{ delta }}))
{%- endmacro %}

{# After `from …`: every row once for each δ, in column kl_delta. #}
{% macro at_each(deltas) %}{{ each_number(deltas, "kl_delta") if deltas }}{% endmacro %}

{% macro with_delta(keys, deltas) %}{{ return(keys + (["kl_delta"] if deltas else [])) }}{% endmacro %}
