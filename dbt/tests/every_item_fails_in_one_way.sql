-- Items without a way of failing and without the reason, or with both; pools whose shares are not of all their items.
select
    task,
    model_id,
    condition_id,
    item_id
from {{ ref("fct_item_failure_modes") }}
where (failure_mode is null) = (failure_mode_note is null)

union all

select
    samples.task,
    samples.model_id,
    samples.condition_id,
    samples.item_id
from {{ ref("fct_sample") }} as samples
left join {{ ref("fct_item_failure_modes") }} as modes
    using ({{ item_keys() | join(", ") }})
where modes.item_id is null

union all

select
    task,
    model_id,
    condition_id,
    cast(null as string) as item_id
from {{ ref("fig_failure_modes") }}
group by task, model_id, condition_id
having sum(n_items_of_mode) <> max(n_items)
