with

outcomes as (
    select * from {{ ref("stg_test_outcomes") }}
),

samples as (
    select * from {{ ref("int_sample_answers") }}
    where answer_kind <> 'left_out'
),

reported as (
    select
        samples.task,
        samples.item_id,
        outcomes.sample_id,
        outcomes.test_name,
        outcomes.kind,
        outcomes.passed
    from outcomes
    inner join samples on outcomes.sample_id = samples.sample_id
),

-- A test is the item's: whatever run reported it.
tests as (
    select
        task,
        item_id,
        test_name,
        min(kind) as kind
    from reported
    group by task, item_id, test_name
),

tested_samples as (
    select distinct sample_id from reported
),

-- A run without results that ended in nothing usable left the code as it was; one that was not tested says nothing.
entering as (
    select samples.*
    from samples
    left join tested_samples on samples.sample_id = tested_samples.sample_id
    where tested_samples.sample_id is not null or samples.status in ('limit', 'format_failure')
)

select
    ---------- ids
    {{ columns_of("entering", item_keys()) }},
    entering.sample_id,
    tests.test_name,
    tests.kind,

    ---------- outcome
    case
        when entering.status = 'limit' or tested_samples.sample_id is null then tests.kind = 'pass_to_pass'
        -- A test that the run did not get to did not pass.
        else coalesce(reported.passed, false)
    end as passed
from entering
inner join tests on entering.task = tests.task and entering.item_id = tests.item_id
left join tested_samples on entering.sample_id = tested_samples.sample_id
left join reported on entering.sample_id = reported.sample_id and tests.test_name = reported.test_name
