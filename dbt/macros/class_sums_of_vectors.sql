{# What class_sums has, of samples that are vectors whatever they say. vectors: output of class_probabilities. #}
{% macro class_sums_of_vectors(vectors, keys, delta=none) %}
    {% set group = keys | join(", ") %}
    select
        {{ group }},
        class_index,
        n_classes,
        target_index,
        sum(n_samples) as n_samples,
        0e0 as n_chosen,
        0e0 as n_failures,
        sum(case when predicted_index = class_index then n_samples else 0 end) as n_predicted,
        sum(n_samples * (prob - {{ is_target_class() }})) as total_miss,
        sum(n_samples * pow(prob - {{ is_target_class() }}, 2)) as total_sq_miss,
        sum(n_samples * {{ log_smoothed("prob", "n_classes", delta) }}) as total_log_prob,
        min(prob) as lowest,
        max(prob) as highest
    from {{ vectors }}
    group by {{ group }}, class_index, n_classes, target_index
{% endmacro %}
