{% set pool = pool_keys() | join(", ") %}

with

items as (
    select * from {{ ref("int_item_samples") }}
    where n_samples > 0
),

models as (
    select * from {{ ref("dim_model") }}
),

conditions as (
    select * from {{ ref("dim_condition") }}
),

pooled as (
    select
        {{ pool }},
        count(*) as n_items,
        cast(sum(n_samples) as bigint) as n_samples,
        cast(sum(n_format_failures) as bigint) as n_format_failures,
        cast(sum(n_cut_off) as bigint) as n_cut_off,
        sum(n_format_failures) / cast(sum(n_samples) as double) as failure_rate
    from items
    group by {{ pool }}
),

-- Samples of one item fail together: the rate is a ratio of sums over items, and items are what is independent.
spreads as (
    select
        {{ pool }},
        sum(pow(items.n_format_failures - failure_rate * items.n_samples, 2)) as residual_sq
    from items
    inner join pooled using ({{ pool }})
    group by {{ pool }}
),

-- As many independent samples would leave the rate as uncertain as it is. Where nothing or everything failed, the
-- samples cannot tell how they hang together: as many as items.
sized as (
    select
        pooled.*,
        case
            when n_format_failures in (0, n_samples) then n_items
            when n_items > 1
                then
                    least(
                        n_samples,
                        failure_rate * (1 - failure_rate) * pow(cast(n_samples as double), 2)
                        * (n_items - 1) / n_items / nullif(residual_sq, 0)
                        * pow(1.959963984540054e0 / ({{ t_quantile("quantiles.t_975", "n_items - 1") }}), 2)
                    )
        end as n_independent
    from pooled
    left join spreads using ({{ pool }})
    left join {{ ref("student_t_975") }} as quantiles on quantiles.degrees_of_freedom = pooled.n_items - 1
)

select
    {{ pool_figure_keys("sized") }},
    sized.n_items,
    sized.n_samples,
    sized.n_format_failures,
    sized.failure_rate,
    {{ wilson("sized.failure_rate * sized.n_independent", "sized.n_independent", "-") }} as failure_rate_ci_low,
    {{ wilson("sized.failure_rate * sized.n_independent", "sized.n_independent", "+") }} as failure_rate_ci_high,
    sized.n_cut_off,
    sized.n_cut_off / cast(sized.n_samples as double) as cut_off_rate
from sized
inner join models on sized.model_id = models.model_id
inner join conditions on sized.condition_id = conditions.condition_id
order by task, model_id, condition_id
