{% set keys = pool_keys() + ["period_kind", "period"] %}
{% set numbers = [
    "drift_measure", "drift_metric", "n_items", "n_samples_before", "n_samples_since", "value_before", "value_since",
] %}

with

-- Per pool each period after the first; of a pool without two, one row that says so.
periods as (
    select
        *,
        case
            when n_periods = 0 then 'not_recorded'
            when n_periods = 1 then 'one_period'
        end as no_periods
    from {{ ref("int_drift_periods") }}
    where
        n_periods = 0
        or n_periods = 1 and period_number = 1
        or period_number > greatest(1, n_periods - {{ var("max_drift_periods") }})
),

measured as (
    select * from {{ ref("int_drift") }}
),

models as (
    select * from {{ ref("dim_model") }}
),

conditions as (
    select * from {{ ref("dim_condition") }}
),

changes as (
    select
        {{ columns_of("periods", keys) }},
        periods.began_at as period_began_at,
        periods.n_periods,
        {{ columns_of("measured", numbers + ["change_since", "change_since_ci_low", "change_since_ci_high"]) }},
        coalesce(
            periods.no_periods, case when measured.drift_measure is null then 'no_shared_items' end, measured.drift_note
        ) as drift_note
    from periods
    left join measured using ({{ keys | join(", ") }})
),

told as (
    select
        *,
        {{ drift_verdict() }} as drift_verdict,
        {{ smallest_change("(change_since_ci_high - change_since_ci_low) / 2") }} as smallest_change
    from changes
)

select
    {{ pool_figure_keys("told") }},
    told.period_kind,
    told.period,
    told.period_began_at,
    told.n_periods,
    {{ columns_of("told", numbers) }},
    -- A length changes by a share of itself.
    {% for column in ["change_since", "change_since_ci_low", "change_since_ci_high", "smallest_change"] %}
        case when told.drift_measure = 'length' then exp(told.{{ column }}) - 1 else told.{{ column }} end
            as {{ column }},
    {% endfor %}
    told.drift_verdict,
    told.drift_note
from told
inner join models on told.model_id = models.model_id
inner join conditions on told.condition_id = conditions.condition_id
order by task, model_id, condition_id, period_kind, period_began_at, period, drift_measure
