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
        n_classes,
        cast(n_predicted as double) as n_predicted,
        row_number() over (partition by item_number order by n_predicted desc) as place
    from {{ ref("int_item_class_moments") }}
),

tops as (
    select
        item_number,
        max(n_classes) as n_classes,
        max(n_predicted) filter (where place = 1) as n_first,
        max(n_predicted) filter (where place = 2) as n_second,
        sum(n_predicted * (n_predicted - 1)) as n_agreeing,
        sum(n_predicted) * (sum(n_predicted) - 1) as n_pairs
    from ranked
    group by item_number
)

select
    {{ item_keys() | join(", ") }},
    has_probabilities,
    pow(n_first - n_second, 2) / nullif(n_first + n_second, 0) as mode_lead,
    -- Of answers at random one pair of samples in n_classes agrees, and pairs of one item are uncorrelated.
    (n_agreeing * n_classes / nullif(n_pairs, 0) - 1)
    * sqrt(n_pairs / nullif(2 * (n_classes - 1), 0)) as excess_agreement
from tops
inner join answers using (item_number)
inner join numbers using (item_number)
