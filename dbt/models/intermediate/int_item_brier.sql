with

moments as (
    select * from {{ ref("int_item_class_moments") }}
),

decomposed as (
    {{ decomposition_brier("moments", item_keys()) }}
)

select * from decomposed
