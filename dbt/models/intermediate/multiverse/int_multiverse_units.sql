with

items as (
    select * from {{ ref("int_multiverse_items") }}
),

findings as (
    select * from {{ ref("int_finding_reasoning_length") }}
    where is_told
),

lengths as (
    select * from {{ ref("int_item_lengths") }}
    where mean_length > 0
)

-- The items that a finding is told from, once per way of looking at them.
select
    items.task,
    items.condition_id,
    findings.fit_id,
    items.decomposition,
    items.kl_delta,
    items.format_failures,
    items.estimator,
    lengths.length_axis,
    items.model_id,
    items.item_id,
    items.error,
    items.variance,
    lengths.mean_length,
    ln(lengths.mean_length) as x
from items
inner join lengths using ({{ item_keys() | join(", ") }})
inner join findings
    on
        items.task = findings.task
        and items.condition_id = findings.condition_id
        and findings.fit_id in ('all models', items.model_id)
