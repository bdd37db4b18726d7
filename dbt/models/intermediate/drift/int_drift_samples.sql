{#
  Samples of the pools that have several periods: once for each of the latest periods, as part of it or of all that came before.
#}
{% set pool = pool_keys() | join(", ") %}

with

answers as (
    select * from {{ ref("int_sample_answers") }}
    where answer_kind <> 'left_out'
),

pools as (
    select * from {{ ref("int_pools") }}
),

periods as (
    select * from {{ ref("int_drift_periods") }}
    where n_periods > 1 and period is not null
),

dated as (
    select
        *,
        cast(created_at as date) as day
    from {{ ref("stg_samples") }}
),

samples as (
    {% for period_kind, column in drift_columns().items() %}
        select
            {{ columns_of("periods", pool_keys()) }},
            periods.period_kind,
            periods.period_number,
            dated.sample_id
        from dated
        inner join periods
            on
                dated.task = periods.task
                and dated.model_id = periods.model_id
                and dated.condition_id = periods.condition_id
                and periods.period = cast(dated.{{ column }} as string)
        where periods.period_kind = '{{ period_kind }}'
        {{ "union all" if not loop.last }}
    {% endfor %}
)

select
    {{ columns_of("samples", pool_keys()) }},
    samples.period_kind,
    periods.period,
    case when samples.period_number = periods.period_number then 'period' else 'before' end as side,
    samples.sample_id,
    answers.item_id,
    case
        when answers.is_correct then 1e0
        when not answers.is_correct then 0e0
        else answers.graded
    end as accuracy,
    pools.main_length_axis as length_axis,
    -- Of a logarithm, the mean is not moved by how many samples there are, and one long sample weighs little.
    case
        {% for axis, column in length_axes().items() %}
            when pools.main_length_axis = '{{ axis }}' and answers.{{ column }} is not null
                then ln(greatest(cast(answers.{{ column }} as double), 1e0))
        {% endfor %}
    end as log_length
from samples
inner join answers on samples.sample_id = answers.sample_id
inner join pools
    on
        samples.task = pools.task
        and samples.model_id = pools.model_id
        and samples.condition_id = pools.condition_id
inner join periods
    on
        samples.task = periods.task
        and samples.model_id = periods.model_id
        and samples.condition_id = periods.condition_id
        and samples.period_kind = periods.period_kind
        and samples.period_number <= periods.period_number
        and periods.period_number > greatest(1, periods.n_periods - {{ var("max_drift_periods") }})
