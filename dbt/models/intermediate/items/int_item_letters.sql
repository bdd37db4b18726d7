with

answers as (
    select * from {{ ref("int_item_answers") }}
)

{{ letter_groups("answers", ["item_number"]) }}
