{% set pool = pool_keys() | join(", ") %}

with

samples as (
    select * from {{ ref("int_item_samples") }}
),

items as (
    select * from {{ ref("int_item_decomposition") }}
),

answers as (
    select * from {{ ref("int_sample_answers") }}
    where answer_kind <> 'left_out'
),

kinds as (
    select
        {{ pool }},
        count(*) filter (where answer_kind = 'probabilities') > count(*) filter (where answer_kind = 'choice')
            as is_stated
    from answers
    group by {{ pool }}
),

-- One axis per pool: items counted in different units would not sort.
lengths as (
    select
        {{ pool }},
        {{ first_preferred(length_axes_by_preference(), "count(mean_{}) > 0") }} as main_length_axis
    from samples
    group by {{ pool }}
),

decompositions as (
    select
        {{ pool }},
        {{ first_preferred(decompositions_by_preference(), "bool_or(decomposition = '{}')") }} as main_decomposition
    from items
    group by {{ pool }}
)

select
    {{ pool }},
    -- Of letters, KL says how often the most frequent one is wrong and hardly how scattered answers are; Brier does.
    case when main_decomposition = 'kl' and not coalesce(is_stated, false) then 'brier' else main_decomposition end
        as main_decomposition,
    main_length_axis
from lengths
left join decompositions using ({{ pool }})
left join kinds using ({{ pool }})
