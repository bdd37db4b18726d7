{% set pool = pool_keys() | join(", ") %}

with

shares as (
    select * from {{ ref("int_failure_mode_shares") }}
),

compared as (
    select
        *,
        -- Of equally frequent ones that which is told first; `no_error` where nothing fails.
        first_value(failure_mode) over (
            partition by {{ pool }}, one_answer_share, two_answer_share
            order by case when failure_mode = 'no_error' then 0 else share_of_items end desc, failure_mode_rank asc
        ) as verdict
    from shares
),

held as (
    select
        *,
        max(case when is_rule then verdict end) over (partition by {{ pool }}) as finding_verdict
    from compared
)

select
    {{ pool }},
    one_answer_share,
    -- Without options two answers are not told apart.
    case when has_options then two_answer_share end as two_answer_share,
    failure_mode,
    share_of_items,
    share_of_items_ci_low,
    share_of_items_ci_high,
    verdict,
    finding_verdict
from held
where
    failure_mode in (
        {% for mode in modes_of_answers() %}
            '{{ mode }}'{{ "," if not loop.last }}
        {% endfor %}
    )
