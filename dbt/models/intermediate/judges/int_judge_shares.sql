{#
  Per set of graders Σ judge_variance / Σ grade_variance over items, with half its interval: a sandwich with the delete-one jackknife.
  Linear, not on the logit scale as that of incoherence: of a model that never varies the share is 1, and no interval on that scale
  would hold it (benchmarks/judges.py).
#}
{% set keys = grader_set_keys() %}
{% set group = keys | join(", ") %}
{% set cluster = cluster_of("item_id") %}

with

items as (
    select
        {{ group }},
        {{ cluster }},
        {{ unit_total("grade_variance", "item_id") }} as grade_variance,
        {{ unit_total("judge_variance", "item_id") }} as judge_variance,
        {{ "count(*)" if cluster != "item_id" else "1" }} as n_members
    from {{ ref("int_item_grades") }}
    {{ "inner join " ~ ref("int_item_clusters") ~ " using (task, item_id)" if cluster != "item_id" }}
    where grade_variance is not null
    {{ "group by " ~ group ~ ", " ~ cluster if cluster != "item_id" }}
),

totals as (
    select
        {{ group }},
        sum(grade_variance) as grade_variance,
        pow(sum(grade_variance), 2) / nullif(sum(grade_variance * grade_variance), 0) as n_effective,
        case
            when sum(grade_variance) > {{ var("zero_error") }} * sum(n_members)
                then {{ settled("sum(judge_variance) / sum(grade_variance)") }}
        end as judge_share
    from items
    group by {{ group }}
),

influences as (
    select
        {{ columns_of("items", keys + [cluster]) }},
        (items.judge_variance - totals.judge_share * items.grade_variance) / totals.grade_variance
        / nullif(1 - items.grade_variance / totals.grade_variance, 0) as influence
    from items
    inner join totals using ({{ group }})
    where totals.judge_share is not null
),

intervals as (
    with {{ sandwich_interval("totals", "influences", keys, "n_units", 1) }}
)

select
    {{ columns_of("totals", keys) }},
    totals.judge_share,
    totals.n_effective,
    intervals.half_width,
    case
        when totals.judge_share is null then 'no_variance'
        when totals.judge_share = 0 then 'judges_agree'
        when intervals.half_width is null then 'one_item'
        when intervals.half_width < 1e-12 then 'no_spread'
    end as judge_note
from totals
left join intervals using ({{ group }})
