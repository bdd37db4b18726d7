{#
  Groups in which nobody states probabilities: whatever is decomposed of letters and format failures follows from how often each
  letter was chosen, so that such a group is one row, however many samples and classes it has.

  answers: output of answer_counts; keys: the same keys.
#}
{% macro letter_groups(answers, keys) %}
    {% set group = keys | join(", ") %}
    select
        {{ group }},
        max(n_classes) as n_classes,
        max(target_index) as target_index,
        cast(sum(n_samples) as bigint) as n_samples,
        cast(sum(case when answer_kind = 'choice' then n_samples else 0 end) as bigint) as n_letters,
        cast(sum(case when answer_kind = 'format_failure' then n_samples else 0 end) as bigint) as n_failures,
        cast(sum(case when choice_index = target_index then n_samples else 0 end) as bigint) as n_target,
        count(choice_index) as n_options,
        cast(max(case when answer_kind = 'choice' then n_samples else 0 end) as bigint) as n_top,
        -- Ties go to the lowest class.
        coalesce(max_by(choice_index, n_samples * n_classes - choice_index), 0) as top_index,
        {{ sorted_list("cast(n_samples as double)", "answer_kind = 'choice'") }} as letter_counts
    from {{ answers }}
    where n_classes is not null and answer_kind <> 'left_out'
    group by {{ group }}
    having max(case when answer_kind = 'probabilities' then 1 else 0 end) = 0
{% endmacro %}

{# The answers of all other groups, of which classes have to be gone through. Read once: Spark plans every reading anew. #}
{% macro stated_groups(answers, keys) %}
    select * from {{ answers }}
    qualify max(case when answer_kind = 'probabilities' then 1 else 0 end) over (partition by {{ keys | join(", ") }}) = 1
{% endmacro %}

{# Of letter groups, with the logarithms below: ℓ[c] of a class that n samples chose. #}
{% macro letter_log_center(n) -%}
    (({{ n }} * log_chosen + (n_letters - {{ n }}) * log_passed_over + n_failures * log_failed) / n_samples)
{%- endmacro %}

{# A letter group's columns, and ln f′ of a class that a sample chose, did not choose, or said nothing about. #}
{% macro with_letter_logs(letters, delta=none) %}
    select
        *,
        {{ log_smoothed("1e0", "n_classes", delta) }} as log_chosen,
        {{ log_smoothed("0e0", "n_classes", delta) }} as log_passed_over,
        {{ log_smoothed("1 / cast(n_classes as double)", "n_classes", delta) }} as log_failed
    from {{ letters }}
{% endmacro %}

{# Sum over all classes of a letter group: of `term`, where {n} is how many samples chose the class. #}
{% macro over_classes(term) -%}
    ({{ over_letters(term) }} + (n_classes - n_options) * {{ term | replace("{n}", "0e0") }})
{%- endmacro %}

{# Over those that were chosen at all. #}
{% macro over_letters(term) -%}
    {{ sum_of_list("letter_counts", "n", term | replace("{n}", "n")) }}
{%- endmacro %}
