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
  jackknife_kl of letter groups. All classes but the chosen one have the same ln f′, so that one sum over classes does for all
  letters: less the chosen class's own term, which for the largest term is summed without it, not taken off again, or no digit
  might be left.
#}
{% macro jackknife_kl_of_letters(letters, keys, delta=none) %}
    {% set center = "exp(" ~ letter_log_center("{n}") ~ ")" %}
    {% set chosen = letter_center_without("log_chosen") %}
    {% set passed_over = letter_center_without("log_passed_over") %}
    {% set failed = letter_center_without("log_failed") %}
    with logs as (
        {{ with_letter_logs(letters, delta) }}
    ),

    sums as (
        select
            *,
            {{ over_classes(center) }} as all_centers,
            {{ over_classes(passed_over) }} as all_passed_over,
            {{ over_classes("case when {n} < n_top then " ~ passed_over ~ " else 0e0 end") }} as below_top,
            {{ over_classes(failed) }} as all_failed,
            {{ over_letters("case when {n} = n_top then 1e0 else 0e0 end") }} as n_tops
        from logs
        where n_samples > 1
    )

    {% set of_letter = "{n} * ln((all_passed_over - " ~ passed_over ~ " + " ~ chosen ~ ") / all_centers)" %}
    select
        {{ keys | join(", ") }},
        (
            {{ over_letters("case when {n} < n_top then " ~ of_letter ~ " else 0e0 end") }}
            + case
                when n_top > 0
                    then
                        n_tops * n_top * ln(
                            (below_top + (n_tops - 1) * {{ passed_over | replace("{n}", "n_top") }}
                            + {{ chosen | replace("{n}", "n_top") }}) / all_centers
                        )
                else 0e0
            end
            + n_failures * ln(all_failed / all_centers)
        ) / n_samples as variance_lost
    from sums
{% endmacro %}

{# exp(ℓ[c]) · exp(d_s[c]) of a class that {n} samples chose, without a sample with this ln f′_s[c]. #}
{% macro letter_center_without(log_prob) -%}
    {%- set center = letter_log_center("{n}") -%}
    exp({{ center }} + ({{ center }} - {{ log_prob }}) / (n_samples - 1))
{%- endmacro %}

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
