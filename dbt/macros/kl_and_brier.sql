{#
  KL and Brier of groups of answers, one above the other: moments, the jackknife and both decompositions in one go, for groups
  that are nobody else's business (halves, subsamples, ensembles).

  answers: output of answer_counts; keys: the group; delta: see class_moments.
#}
{% macro kl_and_brier(answers, keys, delta=none) %}
    with moments as (
        {{ class_moments(answers, keys, delta) }}
    ),

    jackknife as (
        {{ jackknife_kl(answers, "moments", keys, delta) }}
    )

    ({{ decomposition_kl("moments", keys, "jackknife") }})
    union all
    ({{ decomposition_brier("moments", keys) }})
{% endmacro %}

{# The same of samples that are vectors whatever they say. vectors: output of class_probabilities. #}
{% macro kl_and_brier_of_vectors(vectors, keys, delta=none) %}
    with moments as (
        {{ class_moments_of_vectors(vectors, keys, delta) }}
    ),

    jackknife as (
        {{ jackknife_kl_of_vectors(vectors, "moments", keys, delta) }}
    )

    ({{ decomposition_kl("moments", keys, "jackknife") }})
    union all
    ({{ decomposition_brier("moments", keys) }})
{% endmacro %}
