{# The classes of marts.fct_item_failure_modes, in the order in which they are told. #}
{% macro failure_modes() %}
    {{ return([
        "no_error", "slip", "shared_belief", "flip_flop", "scatter", "wrong_answer", "format_failure", "cut_off", "refused",
    ]) }}
{% endmacro %}

{# Those that the thresholds tell apart. #}
{% macro modes_of_answers() %}
    {{ return(["slip", "shared_belief", "flip_flop", "scatter", "wrong_answer"]) }}
{% endmacro %}

{#
  How an item fails, by what most of its failures are; NULL where failure_mode_note says why nothing can be told. Each case is
  read only where none before it holds, so that every item has one class. Ties between kinds of failures go to the one that
  leaves no answer, so that an item that is told by its answers has at least two.

  one_answer, two_answers: shares of an item's answers from which they count as one answer, and as two.
#}
{% macro failure_mode(one_answer, two_answers) -%}
    {%- if one_answer | float <= 0.5 -%}
        {{ exceptions.raise_compiler_error("dbt_project.yml: one_answer_shares has " ~ one_answer ~ ": write shares above 0.5, or an item could have two answers that are its one") }}
    {%- endif -%}
    case
        when failure_mode_note is not null then null
        when n_right = n_samples then 'no_error'
        when n_refused >= greatest(n_cut_off, n_format_failures, n_wrong_answers) then 'refused'
        when n_cut_off >= greatest(n_format_failures, n_wrong_answers) then 'cut_off'
        when n_format_failures >= n_wrong_answers then 'format_failure'
        when n_right / cast(n_right + n_wrong_answers as double) >= {{ one_answer }} then 'slip'
        -- Which wrong answer it was is known of options alone.
        when mode_share is null then 'wrong_answer'
        when mode_share >= {{ one_answer }} then 'shared_belief'
        when top_two_share >= {{ two_answers }} then 'flip_flop'
        else 'scatter'
    end
{%- endmacro %}
