{{ per_pool() }}

{% set group_keys = item_keys() + ["length_axis", "half", "is_right"] %}

with

halves as (
    select * from {{ ref("int_overthinking_samples") }}
    where is_right is not null
),

samples as (
    select * from {{ ref("int_sample_answers") }}
    where answer_kind <> 'open'
),

chosen as (
    select
        {{ columns_of("halves", group_keys) }},
        {{ columns_of("samples", answer_columns()) }}
    from halves
    inner join samples on halves.sample_id = samples.sample_id
),

answers as (
    {{ answer_counts("chosen", group_keys) }}
)

-- As findings are told, and without the samples whose answer could not be read (fig_multiverse).
{{ treated_both_ways("answers") }}
