{#
  Sums over the samples of a group, per class: of the miss f_s[c] − y[c], its square and ln f′_s[c].

  A letter is 1 for its own class and 0 for all others, a format failure the same for all: of both, counts say everything, however many
  samples and letters there are. Stated probabilities alone are gone through one by one.

  answers: output of answer_counts; keys: the same keys; deltas: smoothings of KL, each of which has its rows (kl_delta): what is
  counted is counted once for all.
#}
{% macro class_sums(answers, keys, deltas=none) %}
    {% set group = keys | join(", ") %}
    {% set delta = "kl_delta" if deltas else none %}
    {% set smoothed_keys = with_delta(keys, deltas) %}
    {% set totals = {
        "total_miss": "({prob} - " ~ is_target_class() ~ ")",
        "total_sq_miss": "pow({prob} - " ~ is_target_class() ~ ", 2)",
        "total_log_prob": log_smoothed("{prob}", "n_classes", delta),
    } %}
    with groups as (
        select
            {{ group }},
            max(n_classes) as n_classes,
            max(target_index) as target_index,
            sum(n_samples) as n_samples,
            cast(sum(case when answer_kind = 'choice' then n_samples else 0 end) as double) as n_letters,
            cast(sum(case when answer_kind = 'format_failure' then n_samples else 0 end) as double) as n_failures
        from {{ answers }}
        where n_classes is not null and answer_kind <> 'left_out'
        group by {{ group }}
    ),

    classes as (
        select * from groups
        {{ positions("n_classes", "class_index") }}
        {{ at_each(deltas) }}
    ),

    letters as (
        select
            {{ group }},
            choice_index as class_index,
            cast(n_samples as double) as n_chosen
        from {{ answers }}
        where answer_kind = 'choice'
    ),

    vectors as (
        select
            {{ group }},
            class_index,
            n_classes,
            target_index,
            n_samples,
            predicted_index,
            {{ list_element("class_probs", "class_index") }} / prob_total as prob{{ ", kl_delta" if deltas }}
        from (select * from {{ answers }} where answer_kind = 'probabilities') as stated_answers
        {{ positions("n_classes", "class_index") }}
        {{ at_each(deltas) }}
    ),

    stated as (
        {{ class_sums_of_vectors("vectors", smoothed_keys, delta) }}
    ),

    counted as (
        select
            classes.*,
            coalesce(letters.n_chosen, 0e0) as n_chosen,
            n_letters - coalesce(letters.n_chosen, 0e0) as n_passed_over,
            coalesce(stated.n_predicted, 0) as n_stated_predicted,
            {% for total in totals %}
                coalesce(stated.{{ total }}, 0e0) as stated_{{ total }},
            {% endfor %}
            stated.lowest,
            stated.highest
        from classes
        left join letters using ({{ group }}, class_index)
        left join stated using ({{ smoothed_keys | join(", ") }}, class_index)
    )

    {% set values = {"n_chosen": "1e0", "n_passed_over": "0e0", "n_failures": "1 / cast(n_classes as double)"} %}
    select
        {{ smoothed_keys | join(", ") }},
        class_index,
        n_classes,
        target_index,
        n_samples,
        n_chosen,
        n_failures,
        n_chosen + n_stated_predicted as n_predicted,
        {% for total, term in totals.items() %}
            stated_{{ total }}{% for n, prob in values.items() %} + {{ n }} * {{ term | replace("{prob}", prob) }}{% endfor %}
                as {{ total }},
        {% endfor %}
        {% for end, extreme in {"lowest": "least", "highest": "greatest"}.items() %}
            {{ extreme }}(
                {{ end }}{% for n, prob in values.items() %}, case when {{ n }} > 0 then {{ prob }} end{% endfor %}

            ) as {{ end }}{{ "," if not loop.last }}
        {% endfor %}
    from counted
{% endmacro %}

{# y[c]: 1 for the right class, else 0. #}
{% macro is_target_class() -%}
    case when class_index = target_index then 1 else 0 end
{%- endmacro %}
