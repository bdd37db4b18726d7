{% set cluster = var("cluster") %}

with

items as (
    select * from {{ ref("stg_items") }}
)

select
    task,
    item_id,
    -- An item without a label has nothing in common with others.
    {{ "item_id" if cluster == "none" else "coalesce('" ~ cluster ~ " ' || " ~ cluster ~ ", item_id)" }} as cluster_id
from items
