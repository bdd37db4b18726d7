{% set pool = pool_keys() | join(", ") %}

with

samples as (
    select * from {{ ref("int_item_samples") }}
),

-- One main axis per pool: items counted in different units would not sort.
main_axes as (
    select
        {{ pool }},
        case
            when count(mean_actions) > 0 then 'actions'
            when count(mean_reasoning_tokens) > 0 then 'reasoning_tokens'
            when count(mean_output_tokens) > 0 then 'output_tokens'
        end as main_axis
    from samples
    group by {{ pool }}
),

lengths as (
    {% for axis in length_axes() %}
        select
            {{ item_keys() | join(", ") }},
            '{{ axis }}' as length_axis,
            mean_{{ axis }} as mean_length
        from samples
        where mean_{{ axis }} is not null
        {{ "union all" if not loop.last }}
    {% endfor %}
)

select
    {{ item_keys() | join(", ") }},
    length_axis,
    length_axis = main_axis as is_main_axis,
    mean_length
from lengths
inner join main_axes using ({{ pool }})
