{#
  Per item and side of a period: accuracy, length, and error and variance of the pool's decomposition: Brier where there are options
  (KL's correction depends on how many samples a side has), else coverage or score.
#}
{% set keys = item_keys() + ["period_kind", "period", "side"] %}
{% set group = keys | join(", ") %}

with

samples as (
    select * from {{ ref("int_drift_samples") }}
),

pools as (
    select
        {{ pool_keys() | join(", ") }},
        case when main_decomposition = 'kl' then 'brier' else main_decomposition end as decomposition
    from {{ ref("int_pools") }}
),

decomposed as (
    select * from {{ ref("int_drift_decomposition") }}
),

clusters as (
    select * from {{ ref("int_item_clusters") }}
),

means as (
    select
        {{ group }},
        count(*) as n_samples,
        avg(accuracy) as accuracy,
        avg(log_length) as log_length,
        max(length_axis) as length_axis
    from samples
    group by {{ group }}
),

joined as (
    select
        {{ columns_of("means", keys) }},
        clusters.cluster_id,
        means.n_samples,
        means.accuracy,
        means.log_length,
        means.length_axis,
        pools.decomposition,
        decomposed.error,
        decomposed.variance_unbiased
    from means
    inner join clusters on means.task = clusters.task and means.item_id = clusters.item_id
    inner join pools
        on
            means.task = pools.task
            and means.model_id = pools.model_id
            and means.condition_id = pools.condition_id
    left join decomposed
        on
            {% for key in keys %}
                means.{{ key }} = decomposed.{{ key }}
                and
            {% endfor %}
            pools.decomposition = decomposed.decomposition
)

select
    *,
    {{ error_share() }} as error_share,
    cast(null as double) as mode_margin,
    cast(null as double) as excess_agreement
from joined
-- Items that both sides have.
qualify count(*) over (partition by {{ (item_keys() + ["period_kind", "period"]) | join(", ") }}) = 2
