{#
  The zero-one decomposition (Domingos 2000), with ĉ_s the predicted class and c̄ = argmax f̂:

      error = mean_s 1{ĉ_s ≠ y}      bias² = 1{c̄ ≠ y}      variance = mean_s 1{ĉ_s ≠ c̄}

  It does not add up over items, so it has no incoherence. f̂ is rounded to 12 digits before the argmax, so that a tie is
  a tie in whatever order the samples were summed; ties go to the lowest class. A format failure predicts no class: it
  is wrong and differs from c̄.

  relation, keys, letters: see decomposition_brier.
#}
{% macro decomposition_zero_one(relation, keys, letters) %}
    {% set group = keys | join(", ") %}
    with extremes as (
        select
            {{ group }},
            max(n_samples) as n_samples,
            max(round(mean_prob, 12)) as max_prob,
            max(n_predicted) filter (where is_target) as n_right
        from {{ relation }}
        group by {{ group }}
    ),

    modes as (
        select
            {{ group }},
            min(class_index) as mode_index
        from {{ relation }}
        inner join extremes using ({{ group }})
        where round(mean_prob, 12) = max_prob
        group by {{ group }}
    )

    select
        {{ group }},
        'zero_one' as decomposition,
        extremes.n_samples,
        1e0 - n_right / cast(extremes.n_samples as double) as error,
        case when is_target then 0e0 else 1e0 end as bias_sq,
        1e0 - n_predicted / cast(extremes.n_samples as double) as variance,
        cast(null as double) as bias_sq_unbiased,
        cast(null as double) as variance_unbiased
    from {{ relation }} as moments
    inner join modes using ({{ group }})
    inner join extremes using ({{ group }})
    where class_index = mode_index

    union all

    ({{ zero_one_of_letters(letters, keys) }})
{% endmacro %}
