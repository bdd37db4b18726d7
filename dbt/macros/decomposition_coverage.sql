{#
  The decomposition of graded outcomes y_sj in [0, 1], whose target is 1, over the T outcomes j of an item:

      error = mean_{s,j} (1 − y_sj)²      bias² = mean_j (1 − ȳ_j)²      variance = mean_{s,j} (y_sj − ȳ_j)²

  Unit tests are coverage; one grade per sample (T = 1) is the score. Corrected for few samples as Brier is.

  relation: one row per sample × outcome with `graded`; keys: the group; outcome: what tells the outcomes of a group
  apart; name: of the decomposition.
#}
{% macro decomposition_coverage(relation, keys, outcome, name) %}
    {% set group = keys | join(", ") %}
    with outcomes as (
        select
            {{ group }},
            {{ outcome }} as outcome,
            count(*) as n_samples,
            avg(pow(1 - graded, 2)) as error,
            pow(1 - avg(graded), 2) as bias_sq,
            var_pop(graded) as variance
        from {{ relation }}
        group by {{ group }}, outcome
    ),

    sums as (
        select
            {{ group }},
            max(n_samples) as n_samples,
            avg(error) as error,
            avg(bias_sq) as bias_sq,
            avg(variance) as variance
        from outcomes
        group by {{ group }}
    ),

    corrected as (
        select
            *,
            {{ corrected_variance("variance", "n_samples") }} as variance_unbiased
        from sums
    )

    select
        {{ group }},
        '{{ name }}' as decomposition,
        n_samples,
        error,
        bias_sq,
        variance,
        bias_sq - variance_unbiased / n_samples as bias_sq_unbiased,
        variance_unbiased
    from corrected
{% endmacro %}

{# The outcome of a unit test, graded. #}
{% macro graded(passed) -%}
    case when {{ passed }} then 1e0 else 0e0 end
{%- endmacro %}
