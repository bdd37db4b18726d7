{% set keys = pool_keys() + ["period_kind", "period"] %}
{% set group = keys | join(", ") %}

with

items as (
    select * from {{ ref("int_drift_items") }}
),

counts as (
    select
        {{ group }},
        max(decomposition) as decomposition,
        max(length_axis) as length_axis,
        count(*) filter (where side = 'before') as n_items,
        cast(sum(n_samples) filter (where side = 'before') as bigint) as n_samples_before,
        cast(sum(n_samples) filter (where side = 'period') as bigint) as n_samples_since
    from items
    group by {{ group }}
),

means as (
    {{ paired_means("items", keys, "item_id", "side", "'before'", "'period'", ["accuracy", "log_length"]) }}
),

incoherences as (
    {{ paired_difference("items", keys, "item_id", "side", "'before'", "'period'") }}
),

measured as (
    select
        {{ group }},
        'accuracy' as drift_measure,
        cast(null as string) as drift_metric,
        accuracy as value_before,
        other_accuracy as value_since,
        accuracy_difference as change_since,
        accuracy_difference_ci_low as change_since_ci_low,
        accuracy_difference_ci_high as change_since_ci_high,
        case when accuracy_difference is null then 'not_judged' end as drift_note
    from means

    union all

    select
        {{ group }},
        'length' as drift_measure,
        counts.length_axis as drift_metric,
        exp(means.log_length) as value_before,
        exp(means.other_log_length) as value_since,
        means.log_length_difference as change_since,
        means.log_length_difference_ci_low as change_since_ci_low,
        means.log_length_difference_ci_high as change_since_ci_high,
        case when means.log_length_difference is null then 'no_length' end as drift_note
    from means
    inner join counts using ({{ group }})

    union all

    select
        {{ group }},
        'incoherence' as drift_measure,
        counts.decomposition as drift_metric,
        incoherences.incoherence_1 as value_before,
        incoherences.incoherence_2 as value_since,
        incoherences.difference as change_since,
        incoherences.difference_ci_low as change_since_ci_low,
        incoherences.difference_ci_high as change_since_ci_high,
        case
            when incoherences.n_units is null then 'one_sample_per_item'
            else incoherences.interval_note
        end as drift_note
    from counts
    left join incoherences using ({{ group }})
),

noted as (
    select
        *,
        coalesce(
            drift_note,
            case
                when change_since_ci_low is null then 'one_item'
                -- Sides that never differ are no proof that they never would.
                when change_since_ci_high - change_since_ci_low < 1e-12 then 'no_spread'
            end
        ) as note
    from measured
)

select
    {{ columns_of("noted", keys) }},
    noted.drift_measure,
    noted.drift_metric,
    counts.n_items,
    counts.n_samples_before,
    counts.n_samples_since,
    noted.value_before,
    noted.value_since,
    noted.change_since,
    case when noted.note is null then noted.change_since_ci_low end as change_since_ci_low,
    case when noted.note is null then noted.change_since_ci_high end as change_since_ci_high,
    noted.note as drift_note
from noted
inner join counts using ({{ group }})
