{% set pool = pool_keys() | join(", ") %}

with

items as (
    select * from {{ ref("int_item_failure_modes") }}
    where failure_mode is not null
),

ways as (
    {% for one_answer in var("one_answer_shares") %}
        {% set is_last = loop.last %}
        {% for two_answers in var("two_answer_shares") %}
            select
                {{ pool }},
                '{{ one_answer }}, {{ two_answers }}' as thresholds,
                {{ failure_mode(one_answer, two_answers) }} as failure_mode
            from items
            {{ "union all" if not (loop.last and is_last) }}
        {% endfor %}
    {% endfor %}
),

counts as (
    select
        {{ pool }},
        thresholds,
        failure_mode,
        count(*) as n_items_of_mode
    from ways
    group by {{ pool }}, thresholds, failure_mode
)

select
    {{ pool }},
    failure_mode,
    -- Thresholds that put no item here have no row.
    case
        when count(*) < {{ (var("one_answer_shares") | length) * (var("two_answer_shares") | length) }} then 0
        else min(n_items_of_mode)
    end as n_items_least,
    max(n_items_of_mode) as n_items_most
from counts
group by {{ pool }}, failure_mode
