with

answers as (
    select * from {{ ref("int_item_answers") }}
),

moments as (
    select * from {{ ref("int_item_class_moments") }}
),

jackknife as (
    {{ jackknife_kl("answers", "moments", ["item_number"]) }}
)

select * from jackknife
