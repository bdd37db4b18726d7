{#
  Samples that gave the same answer become one row with a count. Thirty samples of a four-choice item are at most five
  rows, so everything after this pass works on a fraction of the samples, and gives the same numbers.

  relation: samples with the columns of int_sample_answers; keys: what makes a group (an item, half an item, …);
  lengths: columns whose sum and count to keep, by name.
#}
{% macro answer_counts(relation, keys, lengths) %}
    {% set answer = [
        "n_classes", "target_index", "answer_kind", "choice_index", "class_probs", "prob_total", "predicted_index",
    ] %}
    select
        {{ (keys + answer) | join(", ") }},
        count(*) as n_samples,
        count(*) filter (where is_correct) as n_correct,
        count(is_correct) as n_judged,
        count(*) filter (where is_format_failure) as n_format_failures,
        count(*) filter (where is_renormalised) as n_renormalised,
        count(*) filter (where status = 'error') as n_errors,
        {% for name, column in lengths.items() %}
            count({{ column }}) as n_with_{{ name }},
            cast(sum({{ column }}) as bigint) as total_{{ name }},
        {% endfor %}
        count(*) filter (where status = 'refused') as n_refused
    from {{ relation }}
    group by {{ (keys + answer) | join(", ") }}
{% endmacro %}
