{% set pool = pool_keys() | join(", ") %}

with

samples as (
    select * from {{ ref("int_item_samples") }}
),

pools as (
    select * from {{ ref("int_pools") }}
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
    {{ is_main_length_axis("lengths") }},
    mean_length
from lengths
inner join pools using ({{ pool }})
