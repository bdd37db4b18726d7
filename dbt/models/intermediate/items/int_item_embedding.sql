{% set keys = item_keys() + ["embedding_model"] %}

with

embeddings as (
    select * from {{ ref("stg_embeddings") }}
),

samples as (
    select * from {{ ref("int_sample_answers") }}
    where answer_kind <> 'left_out'
),

vectors as (
    select
        {{ columns_of("samples", item_keys()) }},
        embeddings.embedding_model,
        embeddings.vector
    from embeddings
    inner join samples on embeddings.sample_id = samples.sample_id
),

decomposed as (
    {{ decomposition_embedding("vectors", keys) }}
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
        from decomposed
    ) as counted
)

select
    {{ keys | join(", ") }},
    model_rank = 1 as is_main,
    {{ decomposition_columns() | join(", ") }}
from ranked
