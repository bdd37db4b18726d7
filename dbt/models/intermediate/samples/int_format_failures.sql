{% set pool = pool_keys() | join(", ") %}
{% set cluster = cluster_of("item_id") %}

with

pooled as (
    select
        {{ pool }},
        count(*) as n_items,
        cast(sum(n_samples) as bigint) as n_samples,
        cast(sum(n_format_failures) as bigint) as n_format_failures,
        cast(sum(n_cut_off) as bigint) as n_cut_off,
        sum(n_format_failures) / cast(sum(n_samples) as double) as failure_rate
    from {{ ref("int_item_samples") }}
    where n_samples > 0
    group by {{ pool }}
),

cells as (
    select
        {{ pool }},
        item_id,
        context_id,
        count(*) as n_samples,
        count(*) filter (where is_format_failure) as n_format_failures
    from {{ ref("int_sample_answers") }}
    where answer_kind <> 'left_out'
    group by {{ pool }}, item_id, context_id
),

residuals as (
    select
        {{ pool }},
        cells.context_id,
        {{ cluster }},
        sum(cells.n_format_failures - failure_rate * cells.n_samples) as residual
    from cells
    inner join pooled using ({{ pool }})
    {{ "inner join " ~ ref("int_item_clusters") ~ " using (task, item_id)" if cluster != "item_id" }}
    group by {{ pool }}, cells.context_id, {{ cluster }}
),

-- Samples of one item fail together (with var cluster, of one cluster): the rate is a ratio of sums over them.
units as (
    select
        {{ pool }},
        {{ cluster }},
        sum(residual) as residual
    from residuals
    group by {{ pool }}, {{ cluster }}
),

spreads as (
    select
        {{ pool }},
        count(*) as n_units,
        count(*) - 1 as unit_freedom,
        count(*) / cast(nullif(count(*) - 1, 0) as double) * sum(pow(residual, 2)) as unit_sq
    from units
    group by {{ pool }}
),

-- What all items have in common where they share contexts, as in corrected_incoherence.
shared as (
    select
        {{ pool }},
        context_id,
        pow(sum(residual), 2) - sum(pow(residual, 2)) as between_sq
    from residuals
    group by {{ pool }}, context_id
),

contexts as (
    select
        {{ pool }},
        count(*) as n_contexts,
        greatest(count(*) / cast(nullif(count(*) - 1, 0) as double) * sum(between_sq), 0e0) as context_sq
    from shared
    group by {{ pool }}
    having count(*) > 1
),

freed as (
    select
        *,
        {{ inverse_freedom("unit_sq", "unit_freedom", "coalesce(context_sq, 0e0)", "n_contexts") }} as inverse_freedom
    from pooled
    left join spreads using ({{ pool }})
    left join contexts using ({{ pool }})
),

-- As many independent samples would leave the rate as uncertain as it is. Where nothing or everything failed, the
-- samples cannot tell how they hang together: as many as items.
sized as (
    select
        *,
        case
            when n_format_failures in (0, n_samples) then n_units
            when n_units > 1
                then
                    least(
                        n_samples,
                        failure_rate * (1 - failure_rate) * pow(cast(n_samples as double), 2)
                        / nullif(unit_sq + coalesce(context_sq, 0e0), 0)
                        * pow(1.959963984540054e0 / ({{ t_975_of_inverse("inverse_freedom") }}), 2)
                    )
        end as n_independent
    from freed
)

select
    {{ pool }},
    n_items,
    n_samples,
    n_format_failures,
    n_cut_off,
    failure_rate,
    n_independent
from sized
