{% set pool = pool_keys() | join(", ") %}

with

samples as (
    select * from {{ ref("stg_samples") }}
),

answers as (
    select * from {{ ref("int_sample_answers") }}
),

tests as (
    select * from {{ ref("int_sample_tests") }}
),

clusters as (
    select
        {{ pool }},
        item_id,
        cluster_id
    from {{ ref("int_item_numbers") }}
    inner join {{ ref("int_item_clusters") }} using (task, item_id)
),

sample_files as (
    {{ raw_files("samples") }}
),

embedding_files as (
    {{ raw_files("embeddings") }}
),

-- Texts and vectors are too large to be read in every build: the files that hold them stand for them.
files as (
    select distinct
        raw_samples.task,
        names.model_id,
        raw_samples.condition_id,
        sample_files.*
    from {{ source("raw", "samples") }} as raw_samples
    inner join {{ ref("stg_model_names") }} as names on raw_samples.model_id = names.source_model_id
    inner join sample_files on raw_samples.filename = sample_files.filename

    union all

    select distinct
        {{ columns_of("samples", pool_keys()) }},
        embedding_files.*
    from {{ source("raw", "embeddings") }} as raw_embeddings
    inner join samples on raw_embeddings.sample_id = samples.sample_id
    inner join embedding_files on raw_embeddings.filename = embedding_files.filename
),

contents as (
    {% for relation in ["samples", "answers", "tests", "clusters", "files"] %}
        select
            *,
            '{{ relation }}' as of_relation
        from ({{ pool_contents(relation) }}) as {{ relation }}_contents
        {{ "union all" if not loop.last }}
    {% endfor %}
)

select
    {{ pool }},
    md5(string_agg(concat_ws(' ', of_relation, contents), ', ' order by of_relation)) as fingerprint
from contents
group by {{ pool }}
