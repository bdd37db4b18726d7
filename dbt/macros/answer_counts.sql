{#
  Samples that gave the same answer become one row with a count. Thirty samples of a four-choice item are at most five
  rows, so everything after this pass works on a fraction of the samples, and gives the same numbers. Only stated probabilities
  are grouped by all that they say; a letter is all that a choice says.

  relation: samples with the columns of int_sample_answers; keys: what makes a group (an item, half an item, …);
  aggregates: what else to compute of the samples of a row.
#}
{% macro answer_counts(relation, keys, aggregates=[]) %}
    {% set letter = (keys + ["n_classes", "target_index", "answer_kind", "choice_index"]) | join(", ") %}
    {% set counts = (["count(*) as n_samples"] + aggregates) | join(", ") %}
    select
        {{ letter }},
        class_probs,
        prob_total,
        predicted_index,
        {{ counts }}
    from {{ relation }}
    where answer_kind = 'probabilities'
    group by {{ letter }}, class_probs, prob_total, predicted_index

    union all

    select
        {{ letter }},
        null as class_probs,
        null as prob_total,
        choice_index as predicted_index,
        {{ counts }}
    from {{ relation }}
    where answer_kind <> 'probabilities'
    group by {{ letter }}
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
