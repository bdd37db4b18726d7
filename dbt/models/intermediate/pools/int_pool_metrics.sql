{% set pool = pool_keys() | join(", ") %}

with

answers as (
    select * from {{ ref("int_sample_answers") }}
    where answer_kind <> 'left_out'
),

items as (
    select * from {{ ref("int_item_decomposition") }}
),

lengths as (
    select * from {{ ref("int_item_lengths") }}
    where is_main_axis
),

samples as (
    select * from {{ ref("stg_samples") }}
),

costs as (
    select
        {{ pool }},
        avg(cost_usd) as cost_usd_per_sample,
        count(*) / cast(count(distinct item_id) as double) as mean_samples
    from samples
    group by {{ pool }}
),

kinds as (
    select
        {{ pool }},
        count(*) filter (where answer_kind = 'probabilities') > count(*) filter (where answer_kind = 'choice') as is_stated
    from answers
    group by {{ pool }}
),

decompositions as (
    select
        {{ pool }},
        bool_or(decomposition = 'kl') as has_options,
        bool_or(decomposition = 'coverage') as has_tests,
        bool_or(decomposition = 'score') as has_score
    from items
    group by {{ pool }}
),

axes as (
    select
        {{ pool }},
        max(length_axis) as main_length_axis
    from lengths
    group by {{ pool }}
)

select
    {{ pool }},
    -- Of letters, KL says how often the most frequent one is wrong and hardly how scattered answers are; Brier does.
    case
        when has_options and is_stated then 'kl'
        when has_options then 'brier'
        when has_tests then 'coverage'
        when has_score then 'score'
    end as main_decomposition,
    main_length_axis,
    mean_samples,
    cost_usd_per_sample
from decompositions
inner join costs using ({{ pool }})
inner join kinds using ({{ pool }})
left join axes using ({{ pool }})
