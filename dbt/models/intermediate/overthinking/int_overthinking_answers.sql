{{ per_pool() }}

{% set half_keys = item_keys() + ["length_axis", "half"] %}

with

samples as (
    select * from {{ ref("int_sample_answers") }}
    where answer_kind <> 'open'
),

halves as (
    select * from {{ ref("int_overthinking_samples") }}
),

split_samples as (
    select
        {{ columns_of("halves", half_keys) }},
        halves.is_matched,
        {{ columns_of("samples", answer_columns()) }}
    from halves
    inner join samples on halves.sample_id = samples.sample_id
)

{{ answer_counts("split_samples", half_keys, ["count(*) filter (where is_matched) as n_matched"]) }}
