with

numbers as (
    select * from {{ ref("int_item_numbers") }}
),

samples as (
    select * from {{ ref("int_sample_answers") }}
    inner join numbers using ({{ item_keys() | join(", ") }})
)

{{ answer_counts("samples", ["item_number"]) }}
