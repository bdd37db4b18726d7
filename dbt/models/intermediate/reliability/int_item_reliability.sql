{% set keys = item_keys() | join(", ") %}
{% set pool = pool_keys() | join(", ") %}

with

items as (
    select
        *,
        max(n_samples) over (partition by {{ pool }}) as most_samples,
        count(*) over (partition by {{ pool }}) = count(vote_pattern) over (partition by {{ pool }}) as is_voted
    from {{ ref("int_item_votes") }}
),

runs as (
    {% for k in var("reliability_runs") %}
        select cast({{ k }} as bigint) as k
        {{ "union all" if not loop.last }}
    {% endfor %}
),

-- Items that were run alike have the same pass^k and pass@k.
counts as (
    select distinct
        n_samples,
        n_right
    from items
),

passes as (
    select
        n_samples,
        n_right,
        k,
        {{ share_of_subsets("n_right", "n_samples", "k") }} as pass_hat_k,
        1 - {{ share_of_subsets("n_samples - n_right", "n_samples", "k") }} as pass_at_k
    from counts
    inner join runs on k <= n_samples
),

votes as (
    select * from {{ ref("int_majority_votes") }}
)

select
    {{ columns_of("items", item_keys()) }},
    runs.k,
    items.n_samples,
    passes.pass_hat_k,
    passes.pass_at_k,
    case
        when items.is_voted and runs.k <= items.n_samples and runs.k <= {{ var("max_majority_votes") }}
            then coalesce(votes.majority_at_k, 0e0)
    end as majority_at_k
from items
inner join runs on items.most_samples >= runs.k
left join passes using (n_samples, n_right, k)
left join votes using (vote_pattern, k)
