{% set keys = pool_keys() + ["k"] %}
{% set rates = ["pass_hat_k", "pass_at_k", "majority_at_k"] %}

with

items as (
    select * from {{ ref("int_item_reliability") }}
    inner join {{ ref("int_item_clusters") }} using (task, item_id)
),

pools as (
    select * from {{ ref("int_pool_metrics") }}
),

models as (
    select * from {{ ref("dim_model") }}
),

conditions as (
    select * from {{ ref("dim_condition") }}
),

counts as (
    select
        {{ keys | join(", ") }},
        count(pass_at_k) as n_items,
        count(*) - count(pass_at_k) as n_items_with_fewer,
        cast(sum(n_samples) filter (where pass_at_k is not null) as bigint) as n_samples
    from items
    group by {{ keys | join(", ") }}
),

means as (
    {{ mean_shares("items", keys, rates) }}
)

select
    {{ pool_figure_keys("means") }},
    means.k,
    counts.n_items,
    counts.n_items_with_fewer,
    counts.n_samples,
    {{ with_interval("means", rates) }},
    means.k * pools.cost_usd_per_sample as cost_usd_per_item
from means
inner join counts using ({{ keys | join(", ") }})
{{ join_pools("means") }}
inner join models on means.model_id = models.model_id
inner join conditions on means.condition_id = conditions.condition_id
order by task, model_id, condition_id, k
