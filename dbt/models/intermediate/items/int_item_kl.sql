with

letters as (
    select * from {{ ref("int_item_letters") }}
),

moments as (
    select * from {{ ref("int_item_class_moments") }}
),

jackknife as (
    select * from {{ ref("int_item_kl_jackknife") }}
),

decomposed as (
    {{ decomposition_kl("moments", ["item_number"], "jackknife", "letters") }}
)

select * from decomposed
