{#
  Moments of f_s[c] over the samples of a group, per class: all that the decompositions need.

  relation: output of answer_counts; keys: the same keys. Variance and squared error are each a sum of squares of
  differences, so that bias² + variance = error is a finding of the tests and not a definition.
#}
{% macro class_moments(relation, keys) %}
    {% set group = keys | join(", ") %}
    with probabilities as (
        select
            {{ group }},
            class_index,
            n_classes,
            target_index,
            n_samples,
            predicted_index,
            case answer_kind
                when 'choice' then case when choice_index = class_index then 1.0 else 0.0 end
                when 'probabilities' then {{ list_element("class_probs", "class_index") }} / prob_total
                else 1.0 / n_classes
            end as prob
        from {{ relation }}
        {{ positions("n_classes", "class_index") }}
        where answer_kind <> 'left_out'
    ),

    means as (
        select
            {{ group }},
            class_index,
            n_classes,
            target_index,
            cast(sum(n_samples) as bigint) as n_samples,
            cast(coalesce(sum(n_samples) filter (where predicted_index = class_index), 0) as bigint) as n_predicted,
            sum(n_samples * prob) / sum(n_samples) as mean_prob,
            sum(n_samples * ln((prob + {{ var("kl_delta") }}) / (1 + n_classes * {{ var("kl_delta") }})))
            / sum(n_samples) as mean_log_prob
        from probabilities
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
        from probabilities
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
