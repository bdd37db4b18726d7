{#
  Per set of graders what is told of its grades (`judge_measure`), each with how far its interval reaches: means over items, and the
  judges' share Σ judge_variance / Σ grade_variance. All are sandwiches, in which few items that decide are few: the share's with the
  delete-one jackknife, and linear: of a model that never varies it is 1, and no interval on the logit scale would hold it. Items'
  variances lie askew, and their interval with them. Degrees of freedom are by kurtosis, above a variance half as many
  (benchmarks/judges.py).
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
            aggregates=[
                skew_of_influences() ~ " as skew", inverse_freedom_by_kurtosis() ~ " as inverse_freedom",
                inverse_freedom_by_kurtosis(is_halved=true) ~ " as inverse_halved",
            ]
        )
    }}
),

-- Leniency may be the same, and its variance nothing: its lower end must not lie above 0 too often.
askew as (
    select
        {{ group }},
        half_width,
        case when half_width >= 1e-12 then standard_error end as standard_error,
        case when judge_measure in ('judge_share', 'grader_bias') then 0e0 else skew end as skew,
        case
            when judge_measure = 'grader_variance' then 1 / degrees_of_freedom
            when judge_measure = 'grader_bias' then inverse_halved
            else inverse_freedom
        end as inverse_below,
        case
            when judge_measure = 'grader_variance' then 1 / degrees_of_freedom
            when judge_measure = 'judge_share' then inverse_freedom
            else inverse_halved
        end as inverse_above
    from intervals
)

select
    {{ columns_of("totals", keys) }},
    totals.estimate,
    totals.n_effective,
    {{ skewed_reach("below", "standard_error", "inverse_below", "skew") }} as reach_below,
    {{ skewed_reach("above", "standard_error", "inverse_above", "skew") }} as reach_above,
    case
        when totals.estimate is null then 'no_variance'
        when totals.estimate = 0 then 'judges_agree'
        when half_width is null then 'one_item'
        when half_width < 1e-12 then 'no_spread'
    end as judge_note
from totals
left join askew using ({{ group }})
