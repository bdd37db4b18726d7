with

items as (
    {{ rows_that_count("items") }}
),

latest as (
    select * from items
    qualify row_number() over (
        partition by task, item_id, answer_key_id
        order by {{ own_rows_first() }}
    ) = 1
),

counted as (
    select
        *,
        count(*) over (partition by task, item_id) as n_answer_keys,
        -- The sampler writes no question where a task's terms forbid it; logs of such a task may hold it.
        lower(task) like '{{ var("withheld_tasks") }}' or (source = 'sampler' and question is null) as is_withheld
    from latest
)

select
    ---------- ids
    task,
    -- Two logs that use one id for different questions are two items: an id alone would mix their targets.
    case when n_answer_keys = 1 then item_id else item_id || '#' || left(answer_key_id, 6) end as item_id,
    item_id as source_item_id,
    answer_key_id,
    import_id,

    ---------- text
    subset,
    subject,
    human_difficulty,
    case when not is_withheld then question end as question,
    case when not is_withheld then target_text end as target_text,
    is_withheld,
    source,

    ---------- numbers
    target_index,
    coalesce(n_choices, {{ list_length("choices") }}) as n_choices,

    ---------- times
    {{ utc("ingested_at") }} as ingested_at
from counted
