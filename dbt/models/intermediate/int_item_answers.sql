with

samples as (
    select * from {{ ref("int_sample_answers") }}
)

{{ answer_counts("samples", item_keys(), length_axes()) }}
