{#
  Moments of f_s[c] over the samples of a group, per class: all that the decompositions need.

  relation: output of class_probabilities; keys: the same keys. Variance and squared error are each a sum of squares of
  differences, so that bias² + variance = error is a finding of the tests and not a definition.
#}
{% macro class_moments(relation, keys) %}
    {% set group = keys | join(", ") %}
    with means as (
        select
            {{ group }},
            class_index,
            n_classes,
            target_index,
            cast(sum(n_samples) as bigint) as n_samples,
            cast(coalesce(sum(n_samples) filter (where predicted_index = class_index), 0) as bigint) as n_predicted,
            sum(n_samples * prob) / sum(n_samples) as mean_prob,
            sum(n_samples * {{ log_smoothed("prob", "n_classes") }})
            / sum(n_samples) as mean_log_prob
        from {{ relation }}
        group by {{ group }}, class_index, n_classes, target_index
    ),

    spreads as (
        select
            {{ group }},
            class_index,
            sum(probabilities.n_samples * pow(prob - mean_prob, 2)) / sum(probabilities.n_samples) as var_prob,
            sum(
                probabilities.n_samples
                * pow(prob - case when class_index = probabilities.target_index then 1 else 0 end, 2)
            ) / sum(probabilities.n_samples) as mean_sq_error
        from {{ relation }} as probabilities
        inner join means using ({{ group }}, class_index)
        group by {{ group }}, class_index
    )

    select
        {{ group }},
        class_index,
        n_classes,
        class_index = target_index as is_target,
        n_samples,
        n_predicted,
        mean_prob,
        var_prob,
        mean_log_prob,
        mean_sq_error
    from means
    inner join spreads using ({{ group }}, class_index)
{% endmacro %}

{# ln f′ of a probability f over C classes: f′ = (f + δ) / (1 + C·δ). #}
{% macro log_smoothed(prob, n_classes, delta=none) -%}
    {%- set delta = var("kl_delta") if delta is none else delta -%}
    ln(({{ prob }} + {{ delta }}) / (1 + {{ n_classes }} * {{ delta }}))
{%- endmacro %}
