with

answers as (
    select * from {{ ref("int_item_answers") }}
),

vector_answers as (
    {{ stated_groups("answers", ["item_number"]) }}
),

moments as (
    {{ class_moments("vector_answers", ["item_number"]) }}
)

select * from moments
