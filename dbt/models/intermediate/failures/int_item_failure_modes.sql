{% set keys = item_keys() | join(", ") %}
{% set counted = {
    "right": "n_right", "wrong_answer": "n_wrong_answers", "format_failure": "n_format_failures", "cut_off": "n_cut_off",
    "refused": "n_refused", "unjudged": "n_unjudged",
} %}

with

outcomes as (
    select * from {{ ref("int_item_outcomes") }}
),

counts as (
    select
        {{ keys }},
        {% for outcome, name in counted.items() %}
            cast(coalesce(sum(n_samples) filter (where outcome = '{{ outcome }}'), 0) as bigint) as {{ name }},
        {% endfor %}
        cast(coalesce(sum(n_samples) filter (where outcome not in ('error', 'unjudged')), 0) as bigint) as n_samples
    from outcomes
    group by {{ keys }}
),

ranked as (
    select
        {{ keys }},
        n_samples,
        row_number() over (partition by {{ keys }} order by n_samples desc) as place
    from outcomes
    where predicted_index is not null
),

-- The most frequent answers of items with options, right or wrong.
answers as (
    select
        {{ keys }},
        max(n_samples) / cast(sum(n_samples) as double) as mode_share,
        sum(n_samples) filter (where place <= 2) / cast(sum(n_samples) as double) as top_two_share
    from ranked
    group by {{ keys }}
),

noted as (
    select
        counts.*,
        mode_share,
        top_two_share,
        case
            when n_unjudged > 0 and n_samples = n_refused then 'not_judged'
            when n_samples = 0 then 'no_samples'
            when n_samples = 1 then 'one_sample'
        end as failure_mode_note
    from counts
    left join answers using ({{ keys }})
)

select
    *,
    {{ failure_mode(var("one_answer_shares")[0], var("two_answer_shares")[0]) }} as failure_mode
from noted
