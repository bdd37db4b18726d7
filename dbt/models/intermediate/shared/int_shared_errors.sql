{% set keys = model_pair_keys() %}
{% set pair = keys | join(", ") %}
{% set cluster = cluster_of("item_id") %}

with

pools as (
    select * from {{ ref("int_pools") }}
),

items as (
    select
        shared.*,
        clusters.cluster_id
    from {{ ref("int_shared_error_items") }} as shared
    inner join {{ ref("int_item_clusters") }} as clusters using (task, item_id)
),

totals as (
    select
        {{ pair }},
        count(*) as n_items,
        sum(both_wrong / (n_classes - 1)) / sum(both_wrong) as agreement_at_random,
        count(wrong_alike_by_chance) as n_items_compared,
        sum(both_wrong) filter (where wrong_alike_by_chance is not null) as compared_wrong,
        sum(wrong_alike_by_chance) / sum(both_wrong) filter (where wrong_alike_by_chance is not null)
            as agreement_by_chance,
        sum(wrong_alike - wrong_alike_by_chance)
        / sum(both_wrong) filter (where wrong_alike_by_chance is not null) as excess_over_chance
    from items
    group by {{ pair }}
),

compared as (
    select
        {{ pair }},
        {{ cluster }},
        sum(both_wrong) as both_wrong,
        sum(wrong_alike - wrong_alike_by_chance) as excess
    from items
    where wrong_alike_by_chance is not null
    group by {{ pair }}, {{ cluster }}
),

weights as (
    select
        {{ pair }},
        pow(sum(both_wrong), 2) / sum(pow(both_wrong, 2)) as n_effective
    from compared
    group by {{ pair }}
),

-- What each unit moves the excess by; upwards by more, the more of the errors it holds and the fewer hold them.
influences as (
    select
        *,
        influence_below / nullif(pow(1 - both_wrong / compared_wrong, 2), 0)
        / sqrt(nullif(greatest(1 - 1 / n_effective, 0e0), 0)) as influence_above
    from
        (
            select
                {{ columns_of("compared", keys) }},
                compared.both_wrong,
                totals.compared_wrong,
                weights.n_effective,
                (compared.excess - totals.excess_over_chance * compared.both_wrong) / totals.compared_wrong
                    as influence_below
            from compared
            inner join weights using ({{ pair }})
            inner join totals using ({{ pair }})
        ) as apart
),

{{ skewed_reaches("influences", keys) }},

others as (
    select
        task,
        condition_id,
        count(distinct model_id) - 2 as n_other_models
    from pools
    group by task, condition_id
),

noted as (
    select
        totals.*,
        reaches.reach_below,
        reaches.reach_above,
        case
            when others.n_other_models = 0 then 'no_other_model'
            when totals.n_items_compared = 0 then 'others_never_wrong'
            when reaches.error_below is null then 'one_item'
            when reaches.error_below < 1e-12 then 'no_spread'
        end as excess_note,
        others.n_other_models
    from totals
    inner join others using (task, condition_id)
    left join reaches using ({{ pair }})
)

select
    {{ pair }},
    n_other_models,
    n_items,
    agreement_at_random,
    n_items_compared,
    agreement_by_chance,
    excess_over_chance,
    case when excess_note is null then reach_below end as reach_below,
    case when excess_note is null then reach_above end as reach_above,
    excess_note
from noted
