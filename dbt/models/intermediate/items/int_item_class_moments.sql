with

answers as (
    select * from {{ ref("int_item_answers") }}
),

probabilities as (
    {{ class_values("answers", ["item_number"]) }}
),

moments as (
    {{ class_moments("probabilities", ["item_number"]) }}
)

select * from moments
