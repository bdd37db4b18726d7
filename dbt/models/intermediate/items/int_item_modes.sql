with

numbers as (
    select * from {{ ref("int_item_numbers") }}
),

answers as (
    select
        item_number,
        bool_or(answer_kind = 'probabilities') as has_probabilities
    from {{ ref("int_item_answers") }}
    group by item_number
),

ranked as (
    select
        item_number,
        n_predicted,
        row_number() over (partition by item_number order by n_predicted desc) as place
    from {{ ref("int_item_class_moments") }}
),

tops as (
    select
        item_number,
        cast(max(n_predicted) filter (where place = 1) as double) as n_first,
        cast(max(n_predicted) filter (where place = 2) as double) as n_second
    from ranked
    group by item_number
)

select
    {{ item_keys() | join(", ") }},
    has_probabilities,
    pow(n_first - n_second, 2) / nullif(n_first + n_second, 0) as mode_lead
from tops
inner join answers using (item_number)
inner join numbers using (item_number)
