with

answers as (
    select * from {{ ref("int_item_answers") }}
),

stated as (
    {{ stated_groups("answers", ["item_number"]) }}
),

moments as (
    {{ class_moments("stated", ["item_number"]) }}
)

select * from moments
