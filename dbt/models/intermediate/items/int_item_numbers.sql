with

items as (
    select distinct {{ item_keys() | join(", ") }}
    from {{ ref("int_sample_answers") }}
)

select
    {{ item_keys() | join(", ") }},
    {{ row_id() }} as item_number
from items
