with

items as (
    select * from {{ ref("stg_items") }}
)

select
    ---------- ids
    task,
    item_id,
    source_item_id,
    answer_key_id,

    ---------- text
    subset,
    subject,
    human_difficulty,
    question,
    target_text,
    is_withheld,

    ---------- numbers
    n_choices,
    target_index
from items
order by task, item_id
