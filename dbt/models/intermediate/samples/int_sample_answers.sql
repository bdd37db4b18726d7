with

samples as (
    select * from {{ ref("stg_samples") }}
),

items as (
    select * from {{ ref("stg_items") }}
),

outcomes as (
    select * from {{ ref("stg_test_outcomes") }}
),

tested_items as (
    select distinct
        samples.task,
        samples.item_id
    from outcomes
    inner join samples on outcomes.sample_id = samples.sample_id
),

-- Where some outcome is partly right, the share that is wholly right would pass for a mean.
graded_pools as (
    select distinct {{ pool_keys() | join(", ") }}
    from samples
    where score > 0 and score < 1 and status not in ('error', 'refused')
),

with_target as (
    select
        samples.*,
        graded_pools.task is not null as is_graded_pool,
        tested_items.item_id is not null as has_tests,
        items.target_index,
        -- Only an item with a valid target has classes to decompose over.
        case when items.target_index between 0 and items.n_choices - 1 then items.n_choices end as n_classes,
        {{ list_total("samples.class_probs") }} as prob_total
    from samples
    left join items on samples.task = items.task and samples.item_id = items.item_id
    left join tested_items
        on samples.task = tested_items.task and samples.item_id = tested_items.item_id
    left join graded_pools
        on
            samples.task = graded_pools.task
            and samples.model_id = graded_pools.model_id
            and samples.condition_id = graded_pools.condition_id
),

classified as (
    select
        *,
        case
            when status in ('error', 'refused') then 'left_out'
            when n_classes is null then 'open'
            when status = 'format_failure' then 'format_failure'
            when
                {{ list_length("class_probs") }} = n_classes
                and {{ list_is_nonnegative("class_probs") }}
                and prob_total > 0
                then 'probabilities'
            -- Stated probabilities that are none do not fall back on a chosen letter.
            when class_probs is null and choice_index between 0 and n_classes - 1 then 'choice'
            else 'format_failure'
        end as answer_kind
    from with_target
),

predicted as (
    select
        *,
        case answer_kind
            when 'choice' then choice_index
            when 'probabilities' then {{ list_argmax("class_probs") }}
        end as predicted_index,
        case
            when answer_kind <> 'open' then null
            -- A run cut off leaves the code as it was: what had to be repaired still fails.
            when status = 'limit' and has_tests then 0e0
            -- A run that ends in nothing usable and was never graded has failed, where others are graded.
            when status in ('limit', 'format_failure') and is_judged_file then coalesce(score, 0e0)
            else score
        end as graded
    from classified
)

select
    ---------- ids
    sample_id,
    task,
    model_id,
    condition_id,
    item_id,
    context_id,
    epoch,

    ---------- answer
    status,
    answer_kind,
    n_classes,
    target_index,
    case when answer_kind = 'choice' then choice_index end as choice_index,
    case when answer_kind = 'probabilities' then class_probs end as class_probs,
    case when answer_kind = 'probabilities' then prob_total end as prob_total,
    predicted_index,
    case
        when answer_kind = 'left_out' then null
        when n_classes is not null then coalesce(predicted_index = target_index, false)
        when not is_graded_pool then graded >= 1
    end as is_correct,
    graded,
    answer_kind = 'format_failure' or answer_kind = 'open' and status = 'format_failure' as is_format_failure,
    answer_kind = 'probabilities' and abs(prob_total - 1) > 1e-9 as is_renormalised,
    answer_kind <> 'left_out' and is_cut_off as is_cut_off,

    ---------- lengths
    output_tokens,
    reasoning_tokens,
    n_actions
from predicted
