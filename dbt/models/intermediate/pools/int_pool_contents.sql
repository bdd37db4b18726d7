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

-- Texts and vectors are too large to be read in every build: the files that hold them stand for them.
files as (
    select * from {{ ref("stg_pool_files") }}
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
    cast(coalesce(max(case when of_relation = 'samples' then n_rows end), 0) as bigint) as n_samples,
    md5({{ joined("concat_ws(' ', of_relation, contents)", ", ", "of_relation") }}) as fingerprint
from contents
group by {{ pool }}
