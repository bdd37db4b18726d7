{% set pool = pool_keys() | join(", ") %}

with

pools as (
    select * from {{ ref("int_pools") }}
),

samples as (
    select * from {{ ref("stg_samples") }}
),

costs as (
    select
        {{ pool }},
        avg(cost_usd) as cost_usd_per_sample,
        count(*) / cast(count(distinct item_id) as double) as mean_samples
    from samples
    group by {{ pool }}
)

select
    {{ pool }},
    main_decomposition,
    main_length_axis,
    mean_samples,
    cost_usd_per_sample
from pools
inner join costs using ({{ pool }})
