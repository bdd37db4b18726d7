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
        samples.n_classes,
        samples.target_index,
        samples.answer_kind,
        samples.choice_index,
        samples.class_probs,
        samples.prob_total,
        samples.predicted_index
    from halves
    inner join samples on halves.sample_id = samples.sample_id
)

{{ answer_counts("split_samples", half_keys, ["count(*) filter (where is_matched) as n_matched"]) }}
