with

letters as (
    select * from {{ ref("int_item_letters") }}
),

moments as (
    select * from {{ ref("int_item_class_moments") }}
),

decomposed as (
    {{ decomposition_brier("moments", ["item_number"], "letters") }}
)

select * from decomposed
