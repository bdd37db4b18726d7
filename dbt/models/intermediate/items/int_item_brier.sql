with

numbers as (
    select * from {{ ref("int_item_numbers") }}
),

moments as (
    select * from {{ ref("int_item_class_moments") }}
),

decomposed as (
    {{ decomposition_brier("moments", ["item_number"]) }}
)

{{ with_item_keys("decomposed", "numbers") }}
