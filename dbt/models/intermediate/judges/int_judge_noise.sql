{#
  Per set of graders what is told of its grades (`judge_measure`), each with how far its interval reaches: means over items, and the
  judges' share Σ judge_variance / Σ grade_variance. All are sandwiches, in which few items that decide are few: the share's with the
  delete-one jackknife and degrees of freedom by kurtosis, with which it is no wider than need be. The share's is linear, not on the
  logit scale as that of incoherence: of a model that never varies it is 1, and no interval on that scale would hold it. Items'
  variances lie askew, and their interval with them (benchmarks/judges.py).
#}
{% set keys = grader_set_keys() + ["judge_measure"] %}
{% set group = keys | join(", ") %}
{% set cluster = cluster_of("item_id") %}

with

items as (
    select *
    from {{ ref("int_item_grades") }}
    inner join {{ ref("int_item_clusters") }} using (task, item_id)
    left join {{ ref("int_item_grader_bias") }} using ({{ grader_set_keys() | join(", ") }}, item_id)
),

-- A mean is a ratio to the number of items.
measured as (
    {% for measure in judge_measures() %}
        {% set is_share = measure == "judge_share" %}
        select
            {{ grader_set_keys() | join(", ") }},
            '{{ measure }}' as judge_measure,
            {{ cluster }},
            {{ "judge_variance" if is_share else measure }} as part,
            {{ "grade_variance" if is_share else "1e0" }} as whole
        from items
        where {{ "grade_variance" if is_share else measure }} is not null
        {{ "union all" if not loop.last }}
    {% endfor %}
),

units as (
    select
        {{ group }},
        {{ cluster }},
        count(*) as n_members,
        sum(part) as part,
        sum(whole) as whole
    from measured
    group by {{ group }}, {{ cluster }}
),

totals as (
    select
        {{ group }},
        sum(whole) as whole,
        pow(sum(whole), 2) / nullif(sum(whole * whole), 0) as n_effective,
        case
            when sum(whole) > {{ var("zero_error") }} * sum(n_members) then {{ settled("sum(part) / sum(whole)") }}
        end as estimate
    from units
    group by {{ group }}
),

influences as (
    select
        {{ columns_of("units", keys + [cluster]) }},
        (units.part - totals.estimate * units.whole) / totals.whole
        / case when units.judge_measure = 'judge_share' then nullif(1 - units.whole / totals.whole, 0) else 1e0 end
            as influence
    from units
    inner join totals using ({{ group }})
    where totals.estimate is not null
),

intervals as (
    with {{
        sandwich_interval(
            "totals", "influences", keys, "n_units", 1,
            aggregates=[skew_of_influences() ~ " as skew", inverse_freedom_by_kurtosis() ~ " as inverse_freedom"]
        )
    }}
),

askew as (
    select
        {{ group }},
        half_width,
        standard_error,
        case
            when judge_measure = 'judge_share' then {{ t_975_of_inverse("inverse_freedom") }}
            else half_width / nullif(standard_error, 0)
        end as t,
        case when judge_measure in ('judge_share', 'grader_bias') then 0e0 else skew end as skew
    from intervals
),

reaches as (
    select
        {{ group }},
        half_width,
        {{ skewed_reach("standard_error", "t", "skew") }}
    from askew
)

select
    {{ columns_of("totals", keys) }},
    totals.estimate,
    totals.n_effective,
    case when reaches.half_width >= 1e-12 then reaches.reach_below end as reach_below,
    case when reaches.half_width >= 1e-12 then reaches.reach_above end as reach_above,
    case
        when totals.estimate is null then 'no_variance'
        when totals.estimate = 0 then 'judges_agree'
        when reaches.half_width is null then 'one_item'
        when reaches.half_width < 1e-12 then 'no_spread'
    end as judge_note
from totals
left join reaches using ({{ group }})
