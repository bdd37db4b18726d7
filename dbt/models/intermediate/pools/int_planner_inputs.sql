{% set keys = pool_keys() + ["decomposition"] %}
{% set group = keys | join(", ") %}
{# Embeddings have no error: there the mean variance is planned, relative to itself. #}
{% set scale = "avg(case when decomposition = 'embedding' then variance_unbiased else error end)" %}
{% set contribution = "(blocks.variance_unbiased - coalesce(pools.incoherence_unbiased * blocks.error, 0)) / scale" %}

with

items as (
    select * from {{ ref("int_item_decomposition") }}
    where decomposition <> 'zero_one' and variance_unbiased is not null
),

contexts as (
    select * from {{ ref("int_item_contexts") }}
),

blocks as (
    select * from {{ ref("int_subsample_items") }}
),

samples as (
    select * from {{ ref("stg_samples") }}
),

corrected as (
    {{ corrected_incoherence("items", keys, contexts="contexts") }}
),

means as (
    select
        {{ group }},
        case when decomposition = 'embedding' then 'variance' else 'incoherence' end as planned,
        count(*) as n_items,
        avg(n_samples) as n_samples_per_item,
        avg(1 / cast(n_samples as double)) as mean_inverse_samples,
        avg(variance_unbiased) as variance_unbiased,
        var_samp(variance_unbiased) as variance_spread,
        {{ scale }} as scale
    from items
    group by {{ group }}
    having {{ scale }} > {{ var("zero_error") }}
),

pools as (
    select
        means.*,
        corrected.incoherence_unbiased,
        corrected.incoherence_unbiased_ci_high - corrected.incoherence_unbiased_ci_low as width,
        case when planned = 'incoherence' then corrected.interval_note when n_items < 2 then 'one_item' end
            as interval_note,
        -- The interval's variance is this over the number of items (or clusters), plus what contexts add.
        case when planned = 'incoherence' then unit_sq * n_items else variance_spread / pow(scale, 2) end
            as total_spread,
        case when planned = 'incoherence' then unit_freedom else n_items - 1 end as effective_freedom,
        coalesce(context_sq, 0e0) as context_spread,
        coalesce(n_contexts, 0) as n_contexts
    from means
    left join corrected using ({{ group }})
),

-- What an item adds, from separate blocks of its samples, differs by the noise of the samples alone.
noises as (
    select
        {{ group }},
        item_id,
        blocks.n_samples_per_item as block_size,
        var_samp({{ contribution }}) as noise
    from blocks
    inner join pools using ({{ group }})
    where blocks.variance_unbiased is not null
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
    n_contexts,
    incoherence_unbiased,
    pools.variance_unbiased,
    width,
    interval_note,
    total_spread,
    sample_spread,
    case
        when sample_spread is not null then greatest(total_spread - sample_spread * mean_inverse_samples, 0e0)
    end as item_spread,
    context_spread,
    effective_freedom,
    output_tokens_per_sample,
    cost_usd_per_sample
from pools
inner join costs using ({{ pool_keys() | join(", ") }})
left join sample_spreads using ({{ group }})
