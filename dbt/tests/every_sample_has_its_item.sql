-- A sample whose item (with that answer key) was never written cannot be judged. Import or write the items again.
select
    samples.sample_id,
    samples.task,
    samples.item_id
from {{ ref("fct_sample") }} as samples
left join {{ ref("dim_item") }} as items
    on samples.task = items.task and samples.item_id = items.item_id
where items.item_id is null
