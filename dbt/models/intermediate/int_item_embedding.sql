{% set keys = item_keys() + ["embedding_model"] %}
{% set group = keys | join(", ") %}

with

embeddings as (
    select * from {{ ref("stg_embeddings") }}
),

samples as (
    select * from {{ ref("int_sample_answers") }}
    where answer_kind <> 'left_out'
),

components as (
    select
        {{ columns_of("samples", item_keys()) }},
        embeddings.embedding_model,
        component,
        {{ list_element("embeddings.vector", "component") }} as coordinate
    from embeddings
    inner join samples on embeddings.sample_id = samples.sample_id
    {{ positions(list_length("embeddings.vector"), "component") }}
),

spreads as (
    select
        {{ group }},
        component,
        count(*) as n_samples,
        var_pop(coordinate) as variance
    from components
    group by {{ group }}, component
),

summed as (
    select
        {{ group }},
        max(n_samples) as n_samples,
        sum(variance) as variance
    from spreads
    group by {{ group }}
),

-- Variances of two embedding models do not compare: the one with most vectors stands for the pool.
ranked as (
    select
        *,
        dense_rank() over (
            partition by {{ pool_keys() | join(", ") }} order by n_pool_samples desc, embedding_model asc
        ) as model_rank
    from (
        select
            *,
            sum(n_samples) over (partition by {{ pool_keys() | join(", ") }}, embedding_model) as n_pool_samples
        from summed
    ) as counted
)

select
    {{ group }},
    model_rank = 1 as is_main,
    'embedding' as decomposition,
    n_samples,
    cast(null as double) as error,
    cast(null as double) as bias_sq,
    variance,
    cast(null as double) as bias_sq_unbiased,
    {{ corrected_variance("variance", "n_samples") }} as variance_unbiased
from ranked
