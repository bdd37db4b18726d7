{{ per_pool() }}

{% set keys = item_keys() + ["n_samples_per_item", "block"] %}

with

embeddings as (
    select * from {{ ref("stg_embeddings") }}
),

samples as (
    select * from {{ ref("int_sample_answers") }}
    where answer_kind <> 'left_out'
),

main_models as (
    select distinct
        {{ pool_keys() | join(", ") }},
        embedding_model
    from {{ ref("int_item_embedding") }}
    where is_main
),

embedded as (
    select
        {{ columns_of("samples", item_keys()) }},
        samples.sample_id,
        samples.epoch,
        embeddings.embedding_model
    from embeddings
    inner join samples on embeddings.sample_id = samples.sample_id
    inner join main_models
        on
            samples.task = main_models.task
            and samples.model_id = main_models.model_id
            and samples.condition_id = main_models.condition_id
            and embeddings.embedding_model = main_models.embedding_model
),

-- Vectors join last: sorting samples into blocks would carry them along.
blocks as (
    {{ sample_blocks("embedded") }}
),

vectors as (
    select
        {{ columns_of("blocks", keys) }},
        embeddings.vector
    from blocks
    inner join embeddings
        on blocks.sample_id = embeddings.sample_id and blocks.embedding_model = embeddings.embedding_model
),

decomposed as (
    {{ decomposition_embedding("vectors", keys) }}
)

select * from decomposed
