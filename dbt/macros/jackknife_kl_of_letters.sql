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
