{% set keys = pool_keys() + ["decomposition"] %}
{% set group = keys | join(", ") %}
{# Embeddings have no error: there the mean variance is planned, relative to itself. #}
{% set scale = "avg(case when decomposition = 'embedding' then variance else error end)" %}
{% set contribution = "(variance - coalesce(pools.incoherence * error, 0)) / scale" %}

with

items as (
    select * from {{ ref("int_item_decomposition") }}
    where decomposition <> 'zero_one'
),

blocks as (
    select * from {{ ref("int_subsample_items") }}
),

samples as (
    select * from {{ ref("stg_samples") }}
),

pools as (
    select
        {{ group }},
        case when decomposition = 'embedding' then 'variance' else 'incoherence' end as planned,
        count(*) as n_items,
        avg(n_samples) as n_samples_per_item,
        avg(1 / cast(n_samples as double)) as mean_inverse_samples,
        avg(variance) as mean_variance,
        {{ incoherence("avg(variance)", "avg(error)") }} as incoherence,
        {{ scale }} as scale
    from items
    group by {{ group }}
    having {{ scale }} > {{ var("zero_error") }}
),

-- What an item adds to the linearised ratio; the interval's half-width is t · √(spread / n).
spreads as (
    select
        {{ group }},
        var_samp({{ contribution }}) as total_spread
    from items
    inner join pools using ({{ group }})
    group by {{ group }}
),

-- The same contribution from separate blocks of one item's samples differs by the noise of the samples alone.
noises as (
    select
        {{ group }},
        item_id,
        blocks.n_samples_per_item as block_size,
        var_samp({{ contribution }}) as noise
    from blocks
    inner join pools using ({{ group }})
    group by {{ group }}, item_id, blocks.n_samples_per_item
    having count(*) > 1
),

-- From the largest blocks that come in pairs: least is extrapolated.
sample_spreads as (
    select
        {{ group }},
        block_size * avg(noise) as sample_spread
    from noises
    group by {{ group }}, block_size
    qualify row_number() over (partition by {{ group }} order by block_size desc) = 1
),

costs as (
    select
        {{ pool_keys() | join(", ") }},
        avg(output_tokens) as output_tokens_per_sample,
        avg(cost_usd) as cost_usd_per_sample
    from samples
    group by {{ pool_keys() | join(", ") }}
)

select
    {{ group }},
    planned,
    n_items,
    n_samples_per_item,
    incoherence,
    mean_variance as variance,
    total_spread,
    sample_spread,
    case
        when sample_spread is not null then greatest(total_spread - sample_spread * mean_inverse_samples, 0.0)
    end as item_spread,
    output_tokens_per_sample,
    cost_usd_per_sample
from pools
inner join spreads using ({{ group }})
inner join costs using ({{ pool_keys() | join(", ") }})
left join sample_spreads using ({{ group }})
