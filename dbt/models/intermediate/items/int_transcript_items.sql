with

items as (
    select * from {{ ref("int_item_decomposition") }}
    where decomposition in ('kl', 'coverage', 'score', 'embedding')
),

questions as (
    select * from {{ ref("stg_items") }}
),

-- One decomposition per pool: an answer that has tests is not shown again for its score.
ranked as (
    select
        items.*,
        dense_rank() over (
            partition by {{ columns_of("items", pool_keys()) }}
            order by case decomposition when 'kl' then 1 when 'coverage' then 2 when 'score' then 3 else 4 end
        ) as decomposition_rank,
        row_number() over (
            partition by {{ columns_of("items", pool_keys()) }}, decomposition
            order by round(variance, 9) desc, items.item_id
        ) as variance_rank
    from items
    inner join questions on items.task = questions.task and items.item_id = questions.item_id
    -- Letters tell nothing of a withheld question; an answer in words, or a completion, may well repeat it.
    where decomposition = 'kl' or not questions.is_withheld
)

select
    {{ item_keys() | join(", ") }},
    decomposition,
    variance_rank,
    bias_sq,
    variance,
    incoherence
from ranked
where decomposition_rank = 1 and variance_rank <= {{ var("n_transcripts") }}
