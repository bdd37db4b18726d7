{# kl_parts of letter groups (letter_groups says what they are). #}
{% macro kl_parts_of_letters(letters, keys, delta=none) %}
    with logs as (
        {{ with_letter_logs(letters, delta) }}
    ),

    tops as (
        select
            *,
            {{ letter_log_center("n_top") }} as top_log_prob
        from logs
    ),

    sums as (
        select
            *,
            {{ letter_log_center("n_target") }} as target_log_prob,
            top_log_prob + ln(
                {{ over_classes("exp(" ~ letter_log_center("{n}") ~ " - top_log_prob)") }}
            ) as log_sum
        from tops
    )

    select
        {{ keys | join(", ") }},
        n_samples,
        greatest(-target_log_prob, 0e0) as error,
        greatest(log_sum - target_log_prob, 0e0) as bias_sq,
        greatest(-log_sum, 0e0) as variance
    from sums
{% endmacro %}

{#
  The sums of decomposition_brier of letter groups, as numbers of pairs: two samples are 2 apart where they chose two letters,
  1 − 1/C where one of them chose none. What is taken off is whole numbers, so that no digit is lost.
#}
{% macro brier_sums_of_letters(letters, keys) %}
    {% set failure = "(1 - 1 / cast(n_classes as double))" %}
    {% set share = "n_failures / n_classes" %}
    with pairs as (
        select
            *,
            n_letters - n_target as n_wrong,
            {{ over_letters("pow({n}, 2)") }} as n_alike
        from {{ letters }}
    )

    select
        {{ keys | join(", ") }},
        n_samples,
        (2 * n_wrong + n_failures * {{ failure }}) / n_samples as error,
        (
            n_alike - pow(n_target, 2) + 2 * n_wrong * {{ share }} + (n_classes - 1) * pow({{ share }}, 2)
            + pow(n_wrong + n_failures * {{ failure }}, 2)
        ) / pow(n_samples, 2) as bias_sq,
        (pow(n_letters, 2) - n_alike + n_letters * n_failures * {{ failure }}) / pow(n_samples, 2) as variance
    from pairs
{% endmacro %}

{# decomposition_zero_one of letter groups, whose argmax f̂ is the letter that was chosen most often. #}
{% macro zero_one_of_letters(letters, keys) %}
    select
        {{ keys | join(", ") }},
        'zero_one' as decomposition,
        n_samples,
        1e0 - n_target / n_samples as error,
        case when top_index = target_index then 0e0 else 1e0 end as bias_sq,
        1e0 - n_top / n_samples as variance,
        cast(null as double) as bias_sq_unbiased,
        cast(null as double) as variance_unbiased
    from {{ letters }}
{% endmacro %}
