{#
  Samples that gave the same answer become one row with a count. Thirty samples of a four-choice item are at most five
  rows, so everything after this pass works on a fraction of the samples, and gives the same numbers.

  relation: samples with the columns of int_sample_answers; keys: what makes a group (an item, half an item, …);
  aggregates: what else to compute of the samples of a row.
#}
{% macro answer_counts(relation, keys, aggregates=[]) %}
    {% set answer = answer_columns() %}
    select
        {{ (keys + answer) | join(", ") }},
        {{ (["count(*) as n_samples"] + aggregates) | join(", ") }}
    from {{ relation }}
    group by {{ (keys + answer) | join(", ") }}
{% endmacro %}

{# What one sample answered, and which answers its item allows. #}
{% macro answer_columns() %}
    {{ return([
        "n_classes", "target_index", "answer_kind", "choice_index", "class_probs", "prob_total", "predicted_index",
    ]) }}
{% endmacro %}

{# Answers as findings are told, and once more without those that could not be read: adds format_failures. #}
{% macro treated_both_ways(answers) %}
    {% for format_failures in ["included", "left_out"] %}
        select
            *,
            '{{ format_failures }}' as format_failures
        from {{ answers }}
        {{ "where answer_kind <> 'format_failure'" if format_failures == "left_out" }}
        {{ "union all" if not loop.last }}
    {% endfor %}
{% endmacro %}
