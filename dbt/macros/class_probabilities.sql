{#
  f_s[c] in long form: one row per distinct answer of a group × class, with how many samples gave it. One-hot for a choice,
  the stated numbers over their sum for probabilities, uniform for a format failure.

  relation: output of answer_counts; keys: the same keys. Where no answer has to be told from another, class_values is shorter.
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

{#
  The values that f_s[c] takes, with how many samples have each: what class_moments needs. Of letters and format failures counts say
  everything: three rows of a class at most, however many samples and letters there are. Stated probabilities are gone through one by one.

  relation: output of answer_counts; keys: the same keys.
#}
{% macro class_values(relation, keys) %}
    {% set group = keys | join(", ") %}
    {% set class = group ~ ", class_index" %}
    with totals as (
        select
            {{ group }},
            n_classes,
            target_index,
            sum(case when answer_kind = 'choice' then n_samples else 0 end) as n_letters,
            sum(case when answer_kind = 'format_failure' then n_samples else 0 end) as n_failures
        from {{ relation }}
        where n_classes is not null and answer_kind <> 'left_out'
        group by {{ group }}, n_classes, target_index
    ),

    classes as (
        select * from totals
        {{ positions("n_classes", "class_index") }}
    ),

    letters as (
        select
            {{ group }},
            choice_index as class_index,
            n_samples as n_chosen
        from {{ relation }}
        where answer_kind = 'choice'
    ),

    counted as (
        select
            *,
            coalesce(n_chosen, 0) as n_hits
        from classes
        left join letters using ({{ class }})
    ),

    stated as (
        select * from {{ relation }}
        where answer_kind = 'probabilities'
    )

    {% for n, prob in {
        "n_hits": "1e0", "n_letters - n_hits": "0e0", "n_failures": "1 / cast(n_classes as double)"
    }.items() %}
        select
            {{ class }},
            n_classes,
            target_index,
            {{ n }} as n_samples,
            {{ "class_index" if n == "n_hits" else "cast(null as bigint)" }} as predicted_index,
            {{ prob }} as prob
        from counted
        where {{ n }} > 0

        union all

    {% endfor %}
    select
        {{ class }},
        n_classes,
        target_index,
        n_samples,
        predicted_index,
        {{ list_element("class_probs", "class_index") }} / prob_total as prob
    from stated
    {{ positions("n_classes", "class_index") }}
{% endmacro %}
