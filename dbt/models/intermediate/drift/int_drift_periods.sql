{#
  What a pool's samples may be parted by in time, and its parts in the order in which they began: dates (UTC), the models that were
  served under its name, and configurations of the backend.
#}
{% set pool = pool_keys() | join(", ") %}

with

samples as (
    select * from {{ ref("stg_samples") }}
    where status not in ('error', 'refused')
),

-- Few rows for many samples.
counts as (
    select
        {{ pool }},
        cast(created_at as date) as day,
        served_model,
        system_fingerprint,
        min(created_at) as began_at,
        count(*) as n_samples
    from samples
    group by {{ pool }}, cast(created_at as date), served_model, system_fingerprint
),

parts as (
    {% for period_kind, column in drift_columns().items() %}
        select
            {{ pool }},
            '{{ period_kind }}' as period_kind,
            cast({{ column }} as string) as period,
            min(began_at) as began_at,
            cast(sum(n_samples) as bigint) as n_samples
        from counts
        group by {{ pool }}, {{ column }}
        {{ "union all" if not loop.last }}
    {% endfor %}
)

select
    *,
    count(period) over (partition by {{ pool }}, period_kind) as n_periods,
    case
        when period is not null
            then row_number() over (
                partition by {{ pool }}, period_kind order by period is null, began_at nulls first, period
            )
    end as period_number
from parts
