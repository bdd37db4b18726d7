{% set pool = pool_keys() | join(", ") %}

with

samples as (
    select * from {{ ref("int_item_samples") }}
),

-- One axis per pool: items counted in different units would not sort.
axes as (
    select
        {{ pool }},
        case
            when count(mean_actions) > 0 then 'actions'
            when count(mean_reasoning_tokens) > 0 then 'reasoning_tokens'
            when count(mean_output_tokens) > 0 then 'output_tokens'
        end as length_axis
    from samples
    group by {{ pool }}
),

lengths as (
    select
        {{ item_keys() | join(", ") }},
        length_axis,
        case length_axis
            when 'actions' then mean_actions
            when 'reasoning_tokens' then mean_reasoning_tokens
            else mean_output_tokens
        end as mean_length
    from samples
    inner join axes using ({{ pool }})
)

select * from lengths
where mean_length is not null
