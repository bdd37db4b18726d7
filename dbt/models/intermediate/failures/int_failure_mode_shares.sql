{% set pool = pool_keys() | join(", ") %}
{% set thresholds = ["one_answer_share", "two_answer_share"] %}

with

items as (
    select * from {{ ref("int_item_failure_modes") }}
    inner join {{ ref("int_item_clusters") }} using (task, item_id)
),

pools as (
    select
        {{ pool }},
        count(failure_mode) as n_items,
        count(*) - count(failure_mode) as n_items_unclassified,
        -- Which wrong answer it was is known of options alone.
        count(mode_share) > 0 as has_options,
        count(*) filter (where mode_share is null and n_right + n_wrong_answers > 0) > 0 as is_graded
    from items
    group by {{ pool }}
),

modes as (
    {% for mode in failure_modes() %}
        select
            '{{ mode }}' as failure_mode,
            cast({{ loop.index }} as bigint) as failure_mode_rank
        {{ "union all" if not loop.last }}
    {% endfor %}
),

-- The rule first. Without options two answers are never told apart.
ways as (
    {% for one_answer in var("one_answer_shares") | unique %}
        {% set is_first = loop.first %}
        {% set is_last = loop.last %}
        {% for two_answers in var("two_answer_shares") | unique %}
            select
                {{ pool }},
                item_id,
                cluster_id,
                n_samples,
                n_items,
                n_items_unclassified,
                has_options,
                is_graded,
                {{ (is_first and loop.first) | lower }} as is_rule,
                cast({{ one_answer }} as double) as one_answer_share,
                cast({{ two_answers }} as double) as two_answer_share,
                {{ failure_mode(one_answer, two_answers) }} as failure_mode
            from items
            inner join pools using ({{ pool }})
            where failure_mode_note is null {{ "and has_options" if not loop.first }}
            {{ "union all" if not (loop.last and is_last) }}
        {% endfor %}
    {% endfor %}
),

in_modes as (
    select
        {{ columns_of("ways", pool_keys() + thresholds) }},
        ways.is_rule,
        ways.has_options,
        ways.item_id,
        ways.cluster_id,
        ways.n_samples,
        modes.failure_mode,
        modes.failure_mode_rank,
        ways.n_items,
        ways.n_items_unclassified,
        case when ways.failure_mode = modes.failure_mode then 1e0 else 0e0 end as share_of_items
    from ways
    cross join modes
    where
        case
            when modes.failure_mode = 'wrong_answer' then ways.is_graded
            when modes.failure_mode in ('shared_belief', 'flip_flop', 'scatter') then ways.has_options
            else true
        end
),

shares as (
    {{
        mean_shares(
            "in_modes",
            pool_keys() + thresholds + [
                "is_rule", "has_options", "failure_mode", "failure_mode_rank", "n_items", "n_items_unclassified",
            ],
            ["share_of_items"]
        )
    }}
)

select * from shares
