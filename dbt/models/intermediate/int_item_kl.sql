with

moments as (
    select * from {{ ref("int_item_class_moments") }}
),

decomposed as (
    {{ decomposition_kl("moments", item_keys()) }}
)

select * from decomposed
