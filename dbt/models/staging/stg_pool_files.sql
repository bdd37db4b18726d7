with

samples as (
    select * from {{ ref("stg_samples") }}
),

names as (
    select * from {{ ref("stg_model_names") }}
),

sample_files as (
    {{ raw_files("samples") }}
),

embedding_files as (
    {{ raw_files("embeddings") }}
)

select distinct
    raw_samples.task,
    names.model_id,
    raw_samples.condition_id,
    sample_files.*
from {{ source("raw", "samples") }} as raw_samples
inner join names on raw_samples.model_id = names.source_model_id
inner join sample_files on raw_samples.filename = sample_files.raw_file

union all

select distinct
    {{ columns_of("samples", pool_keys()) }},
    embedding_files.*
from {{ source("raw", "embeddings") }} as raw_embeddings
inner join samples on raw_embeddings.sample_id = samples.sample_id
inner join embedding_files on raw_embeddings.filename = embedding_files.raw_file
