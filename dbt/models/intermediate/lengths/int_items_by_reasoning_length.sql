{% set pool = length_keys() | join(", ") %}

with

items as (
    select * from {{ ref("int_item_decomposition") }}
    -- Zero-one and embeddings have no incoherence to bucket.
    where decomposition not in ('zero_one', 'embedding')
),

lengths as (
    {% for axis in length_axes() %}
        select
            *,
            '{{ axis }}' as length_axis,
            mean_{{ axis }} as mean_length
        from items
        where mean_{{ axis }} is not null
        {{ "union all" if not loop.last }}
    {% endfor %}
),

ranked as (
    select
        *,
        row_number() over (partition by {{ pool }} order by mean_length, item_id) as position,
        count(*) over (partition by {{ pool }}) as n_pool_items
    from lengths
),

sized as (
    select
        *,
        {{ n_buckets("n_pool_items") }} as n_buckets
    from ranked
)

select
    ---------- ids
    {{ pool }},
    item_id,

    ---------- bucket
    mean_length,
    {{ equal_count_bucket("position", "n_pool_items", "n_buckets") }} as bucket,

    ---------- numbers
    n_samples,
    cluster_id,
    accuracy,
    error,
    bias_sq,
    variance,
    variance_unbiased,
    error_share,
    mode_margin,
    excess_agreement
from sized
