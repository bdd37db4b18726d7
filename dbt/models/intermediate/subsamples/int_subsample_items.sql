{{ per_pool() }}

{% set block = ["n_samples_per_item", "block"] %}
{% set keys = item_keys() + block %}

with

samples as (
    select * from {{ ref("int_sample_answers") }}
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

numbered as (
    select * from blocks
    inner join {{ ref("int_item_numbers") }} using ({{ item_keys() | join(", ") }})
    where answer_kind <> 'open'
),

answers as (
    {{ answer_counts("numbered", ["item_number"] + block) }}
),

graded as (
    select * from blocks
    where answer_kind = 'open'
),

scores as (
    {{ decomposition_coverage("graded", keys, "'score'", "score") }}
),

decomposed_choices as (
    {{ kl_and_brier("answers", ["item_number"] + block) }}
),

choices as (
    select * from decomposed_choices
    inner join {{ ref("int_item_numbers") }} using (item_number)
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
