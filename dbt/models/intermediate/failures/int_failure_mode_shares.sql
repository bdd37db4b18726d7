{% set pool = pool_keys() | join(", ") %}

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

in_modes as (
    select
        {{ columns_of("items", pool_keys()) }},
        items.item_id,
        items.cluster_id,
        items.n_samples,
        modes.failure_mode,
        modes.failure_mode_rank,
        pools.n_items,
        pools.n_items_unclassified,
        case when items.failure_mode = modes.failure_mode then 1e0 else 0e0 end as share_of_items
    from items
    inner join pools using ({{ pool }})
    cross join modes
    where
        items.failure_mode is not null
        and case
            when modes.failure_mode = 'wrong_answer' then pools.is_graded
            when modes.failure_mode in ('shared_belief', 'flip_flop', 'scatter') then pools.has_options
            else true
        end
),

shares as (
    {{
        mean_shares(
            "in_modes",
            pool_keys() + ["failure_mode", "failure_mode_rank", "n_items", "n_items_unclassified"],
            ["share_of_items"]
        )
    }}
)

select * from shares
