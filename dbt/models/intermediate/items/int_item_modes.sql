with

numbers as (
    select * from {{ ref("int_item_numbers") }}
),

letters as (
    select * from {{ ref("int_item_letters") }}
),

ranked as (
    select
        item_number,
        cast(n_samples as double) as n_chosen,
        row_number() over (partition by item_number order by n_samples desc) as place
    from {{ ref("int_item_answers") }}
    where answer_kind = 'choice'
),

tops as (
    select
        item_number,
        max(n_chosen) filter (where place = 2) as n_second,
        sum(n_chosen * (n_chosen - 1)) as n_agreeing
    from ranked
    group by item_number
),

pairs as (
    select
        item_number,
        n_classes,
        n_top,
        case when n_classes > 1 then coalesce(n_second, 0e0) end as n_second,
        coalesce(n_agreeing, 0e0) as n_agreeing,
        n_letters * (n_letters - 1) as n_pairs
    from letters
    left join tops using (item_number)
)

select
    {{ item_keys() | join(", ") }},
    pow(n_top - n_second, 2) / nullif(n_top + n_second, 0) as mode_lead,
    -- Of answers at random one pair of samples in n_classes agrees, and pairs of one item are uncorrelated.
    (n_agreeing * n_classes / nullif(n_pairs, 0) - 1)
    * sqrt(n_pairs / nullif(2 * (n_classes - 1), 0)) as excess_agreement
from pairs
inner join numbers using (item_number)
