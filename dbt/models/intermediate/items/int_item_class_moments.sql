with

answers as (
    select * from {{ ref("int_item_answers") }}
),

moments as (
    {{ class_moments("answers", ["item_number"]) }}
)

select * from moments
