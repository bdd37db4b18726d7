{#
  A weighted sum of corrected incoherences Σ_k w_k R_k over sides (halves of an item, two conditions, a model and its control), of
  one model or of several together, with what its 95 % interval takes.

  Per stratum m (a model) and side k, R_mk = Σ variance / Σ error. A stratum counts by its error on all sides, s_m, so that one that
  hardly errs does not blur the rest: statistic = Σ_m s_m Σ_k w_k R_mk. Its influence of a row is s_m · w_k · (v − R_mk · e) / Σ e, summed
  over the rows of a cluster (an item, or what var cluster says; a starting point), so that what sides and models share cancels; see
  sandwich_interval. Strata without an error on some side have no part.

  relation: rows with error, variance, side and `model_id`; keys: the contrast; sides: name → (value of `side`, weight). Beside
  the statistic: incoherence_<name> and total_error_<name> per side, pooled likewise, n_models and (the first) model_id.
#}
{% macro pooled_contrast(relation, keys, unit, sides) %}
    {% set group = keys | join(", ") %}
    {% set cluster = cluster_of(unit) %}
    with weighted as (
        select
            {{ group }},
            model_id,
            {{ cluster }},
            side,
            error,
            variance,
            cast({{ weight_of("side", sides) }} as double) as weight
        from {{ relation }}
        {{ "inner join " ~ ref("int_item_clusters") ~ " using (task, item_id)" if cluster != unit }}
        where error is not null and variance is not null
    ),

    ratios as (
        select
            {{ group }},
            model_id,
            side,
            sum(error) as total_error,
            sum(variance) / nullif(sum(error), 0) as ratio
        from weighted
        where weight is not null
        group by {{ group }}, model_id, side
        having sum(error) > 0
    ),

    complete as (
        select
            *,
            sum(total_error) over (partition by {{ group }}, model_id) as model_error
        from ratios
        qualify count(*) over (partition by {{ group }}, model_id) = {{ sides | length }}
    ),

    shares as (
        select
            *,
            model_error * {{ sides | length }} / sum(model_error) over (partition by {{ group }}) as share
        from complete
    ),

    influences as (
        select
            {{ group }},
            {{ cluster }},
            sum(share * weight * (variance - ratio * error) / total_error) as influence
        from weighted
        inner join shares using ({{ group }}, model_id, side)
        group by {{ group }}, {{ cluster }}
    ),

    statistics as (
        select
            {{ group }},
            count(distinct model_id) as n_models,
            min(model_id) as model_id,
            {% for name, (value, weight) in sides.items() %}
                sum(case when side = {{ value }} then share * ratio end) as incoherence_{{ name }},
                sum(case when side = {{ value }} then total_error end) as total_error_{{ name }},
            {% endfor %}
            sum(share * ratio * {{ weight_of("side", sides) }}) as statistic
        from shares
        group by {{ group }}
    ),

    {{ sandwich_interval("statistics", "influences", keys, "n_units", 1) }}
{% endmacro %}

{# Rows of each model under fit_id, and again those of all models together where several answered the same (keys, without a model). #}
{% macro each_and_all_models(relation, keys) %}
    select
        *,
        model_id as fit_id
    from {{ relation }}

    union all

    select
        *,
        'all models' as fit_id
    from {{ relation }}
    qualify
        min(model_id) over (partition by {{ keys | join(", ") }}) < max(model_id) over (partition by {{ keys | join(", ") }})
{% endmacro %}
