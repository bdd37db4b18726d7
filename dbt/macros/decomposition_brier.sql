{#
  The Brier decomposition, with f̂ = mean_s f_s and y the one-hot target:

      error = mean_s ‖y − f_s‖²      bias² = ‖y − f̂‖²      variance = mean_s ‖f̂ − f_s‖²

  With S samples, variance·S/(S − 1) is unbiased for the variance, and a plug-in bias² is too large by that over S; one sample
  says nothing about either.

  relation: output of class_moments; keys: the group; letters: of letter_groups, if classes are gone through in other groups alone.
#}
{% macro decomposition_brier(relation, keys, letters=none) %}
    {% set group = keys | join(", ") %}
    with sums as (
        select
            {{ group }},
            max(n_samples) as n_samples,
            sum(mean_sq_error) as error,
            sum(pow(mean_prob - case when is_target then 1 else 0 end, 2)) as bias_sq,
            sum(var_prob) as variance
        from {{ relation }}
        group by {{ group }}
        {% if letters %}
            union all
            ({{ brier_sums_of_letters(letters, keys) }})
        {% endif %}
    ),

    corrected as (
        select
            *,
            {{ corrected_variance("variance", "n_samples") }} as variance_unbiased
        from sums
    )

    select
        {{ group }},
        'brier' as decomposition,
        n_samples,
        error,
        bias_sq,
        variance,
        bias_sq - variance_unbiased / n_samples as bias_sq_unbiased,
        variance_unbiased
    from corrected
{% endmacro %}
