{# A table: whoever else opens the database has no function `without_texts`. #}

with

conditions as (
    select * from {{ ref("stg_conditions") }}
),

samples as (
    select * from {{ ref("int_sample_answers") }}
),

items as (
    select * from {{ ref("stg_items") }}
),

withheld_tasks as (
    select distinct task
    from items
    where is_withheld
),

withheld as (
    select distinct samples.condition_id
    from samples
    inner join withheld_tasks using (task)
)

select
    ---------- ids
    conditions.condition_id,

    ---------- text
    conditions.condition_label,
    conditions.prompt_format,
    conditions.reasoning_budget,
    -- What a withheld task was asked with may hold its questions.
    case
        when withheld.condition_id is null then conditions.settings else {{ without_texts("conditions.settings") }}
    end as settings,

    ---------- numbers
    conditions.n_shots,
    conditions.temperature,
    conditions.top_p,
    conditions.top_k,
    conditions.max_tokens
from conditions
left join withheld on conditions.condition_id = withheld.condition_id
