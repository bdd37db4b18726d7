{% set ways = multiverse_ways() + ["accuracy"] %}
{% set keys = ["task", "condition_id", "fit_id"] + ways %}

with

findings as (
    select * from {{ ref("int_finding_overthinking") }}
    where is_told
),

halves as (
    select * from {{ ref("int_multiverse_halves") }}
),

sides as (
    select
        halves.*,
        halves.half as side,
        findings.fit_id
    from halves
    inner join findings
        on
            halves.task = findings.task
            and halves.condition_id = findings.condition_id
            and findings.fit_id in ('all models', halves.model_id)
),

contrasts as (
    {{ pooled_contrast("sides", keys, "item_id", longer_less_shorter()) }}
),

judged as (
    select
        *,
        {{ no_sandwich(wrong_items_of(longer_less_shorter(), "kl_delta")) }} as interval_note
    from contrasts
)

select
    'overthinking_more_incoherent' as finding,
    {{ keys | join(", ") }},
    n_units as n,
    'holds' as precondition,
    statistic,
    case when interval_note is null then statistic - half_width end as statistic_ci_low,
    case when interval_note is null then statistic + half_width end as statistic_ci_high
from judged
