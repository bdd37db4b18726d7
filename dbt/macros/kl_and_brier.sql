{#
  KL and Brier of groups of answers, one above the other: class probabilities, their moments, the jackknife and both
  decompositions in one go, for groups that are nobody else's business (halves, subsamples, ensembles).

  probabilities: output of class_probabilities; keys: the group; delta: see class_moments.
#}
{% macro kl_and_brier(probabilities, keys, delta=none) %}
    with moments as (
        {{ class_moments(probabilities, keys, delta) }}
    ),

    jackknife as (
        {{ jackknife_kl(probabilities, "moments", keys, delta) }}
    )

    ({{ decomposition_kl("moments", keys, "jackknife") }})
    union all
    ({{ decomposition_brier("moments", keys) }})
{% endmacro %}
