{#
  f_s[c] in long form: one row per distinct answer of a group × class, with how many samples gave it. One-hot for a choice,
  the stated numbers over their sum for probabilities, uniform for a format failure.

  relation: output of answer_counts; keys: the same keys. For sums over samples see class_sums, which takes much less.
#}
{% macro class_probabilities(relation, keys) %}
    select
        {{ keys | join(", ") }},
        answer_id,
        class_index,
        n_classes,
        target_index,
        n_samples,
        predicted_index,
        case answer_kind
            when 'choice' then cast(choice_index = class_index as double)
            when 'probabilities' then {{ list_element("class_probs", "class_index") }} / prob_total
            else 1 / cast(n_classes as double)
        end as prob
    from (
        select
            *,
            {{ row_id() }} as answer_id
        from {{ relation }}
        where n_classes is not null and answer_kind <> 'left_out'
    ) as answers
    {{ positions("n_classes", "class_index") }}
{% endmacro %}
