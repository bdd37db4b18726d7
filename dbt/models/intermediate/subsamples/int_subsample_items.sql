{{ per_pool() }}

{% set keys = item_keys() + ["n_samples_per_item", "block"] %}

with

samples as (
    select
        *,
        1 as n_samples
    from {{ ref("int_sample_answers") }}
    where answer_kind <> 'left_out' and (answer_kind <> 'open' or graded is not null)
),

coverages as (
    select * from {{ ref("int_subsample_coverage") }}
),

embeddings as (
    select * from {{ ref("int_subsample_embedding") }}
),

blocks as (
    {{ sample_blocks("samples") }}
),

probabilities as (
    {{ class_probabilities("blocks", keys) }}
),

graded as (
    select * from blocks
    where answer_kind = 'open'
),

scores as (
    {{ decomposition_coverage("graded", keys, "'score'", "score") }}
),

choices as (
    {{ kl_and_brier("probabilities", keys) }}
),

decomposed as (
    {% for relation in ["choices", "scores", "coverages", "embeddings"] %}
        select
            {{ keys | join(", ") }},
            decomposition,
            error,
            bias_sq,
            variance,
            bias_sq_unbiased,
            variance_unbiased
        from {{ relation }}
        {{ "union all" if not loop.last }}
    {% endfor %}
)

select * from decomposed
