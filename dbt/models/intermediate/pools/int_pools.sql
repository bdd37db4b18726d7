{% set pool = pool_keys() | join(", ") %}

with

samples as (
    select * from {{ ref("int_item_samples") }}
),

items as (
    select * from {{ ref("int_item_decomposition") }}
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
    main_decomposition,
    main_length_axis
from lengths
left join decompositions using ({{ pool }})
