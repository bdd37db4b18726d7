with

answers as (
    select * from {{ ref("int_item_answers") }}
),

letters as (
    select * from {{ ref("int_item_letters") }}
),

moments as (
    select * from {{ ref("int_item_class_moments") }}
),

jackknife as (
    {{ jackknife_kl("answers", "moments", ["item_number"], letters="letters") }}
)

select * from jackknife
