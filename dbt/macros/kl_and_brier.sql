{#
  KL and Brier of groups of answers, one above the other: moments, the jackknife and both decompositions in one go, for groups
  that are nobody else's business (halves, subsamples, ensembles).

  answers: output of answer_counts; keys: the group; deltas: see class_sums. Brier, the same at all, is told at the first.
#}
{% macro kl_and_brier(answers, keys, deltas=none) %}
    {% set smoothed_keys = with_delta(keys, deltas) %}
    {% set first_delta = "where kl_delta = " ~ double(deltas | first | float) if deltas %}
    with letters as (
        select * from ({{ letter_groups(answers, keys) }}) as groups
        {{ at_each(deltas) }}
    ),

    vector_answers as (
        {{ stated_groups(answers, keys) }}
    ),

    moments as (
        {{ class_moments("vector_answers", keys, deltas) }}
    ),

    jackknife as (
        {{ jackknife_kl("vector_answers", "moments", keys, deltas, "letters") }}
    ),

    moments_of_one_delta as (
        select * from moments
        {{ first_delta }}
    ),

    letters_of_one_delta as (
        select * from letters
        {{ first_delta }}
    )

    ({{ decomposition_kl("moments", smoothed_keys, "jackknife", "letters", "kl_delta" if deltas else none) }})
    union all
    ({{ decomposition_brier("moments_of_one_delta", smoothed_keys, "letters_of_one_delta") }})
{% endmacro %}

{# The same of samples that are vectors whatever they say. vectors: output of class_probabilities. #}
{% macro kl_and_brier_of_vectors(vectors, keys) %}
    with moments as (
        {{ class_moments_of_vectors(vectors, keys) }}
    ),

    jackknife as (
        {{ jackknife_kl_of_vectors(vectors, "moments", keys) }}
    )

    ({{ decomposition_kl("moments", keys, "jackknife") }})
    union all
    ({{ decomposition_brier("moments", keys) }})
{% endmacro %}
