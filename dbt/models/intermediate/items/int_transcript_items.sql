{% set keys = item_keys() | join(", ") %}

with

pools as (
    select * from {{ ref("int_pools") }}
),

questions as (
    select * from {{ ref("stg_items") }}
),

-- One decomposition per pool: an answer that has tests is not shown again for its score.
items as (
    select items.*
    from {{ ref("int_item_decomposition") }} as items
    {{ join_pools("items") }}
    where items.decomposition = pools.main_decomposition
),

ranked as (
    select
        items.*,
        row_number() over (
            partition by {{ columns_of("items", pool_keys()) }}
            order by round(items.variance, 9) desc, items.item_id
        ) as variance_rank
    from items
    inner join questions on items.task = questions.task and items.item_id = questions.item_id
    -- Letters tell nothing of a withheld question; an answer in words, or a completion, may well repeat it.
    where items.decomposition in ('kl', 'brier') or not questions.is_withheld
)

select
    {{ keys }},
    decomposition,
    variance_rank,
    bias_sq,
    variance,
    incoherence
from ranked
where variance_rank <= {{ var("n_transcripts") }}
