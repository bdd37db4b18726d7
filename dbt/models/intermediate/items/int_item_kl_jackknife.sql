with

answers as (
    select * from {{ ref("int_item_answers") }}
),

moments as (
    select * from {{ ref("int_item_class_moments") }}
),

probabilities as (
    {{ class_probabilities("answers", ["item_number"]) }}
),

jackknife as (
    {{ jackknife_kl("probabilities", "moments", ["item_number"]) }}
)

select * from jackknife
