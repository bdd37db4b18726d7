-- Each pool, period and measure has one row in fig_drift; a pool without several periods one that says so.
select
    task,
    model_id,
    condition_id,
    period_kind,
    period,
    drift_measure,
    count(*) as n_rows
from {{ ref("fig_drift") }}
group by task, model_id, condition_id, period_kind, period, drift_measure
having count(*) > 1 or task is null or model_id is null or condition_id is null or period_kind is null
