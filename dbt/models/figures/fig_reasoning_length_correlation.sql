{% set keys = pair_keys() + ["length_axis"] %}

with

pairs as (
    select * from {{ ref("int_pool_pairs") }}
),

lengths as (
    select * from {{ ref("int_item_lengths") }}
    where mean_length > 0
),

paired as (
    select
        {{ columns_of("pairs", pair_keys()) }},
        lengths.length_axis,
        ln(lengths.mean_length) as log_length,
        ln(others.mean_length) as other_log_length
    from pairs
    {{ join_both_pools("pairs", "lengths", also=["item_id", "length_axis"]) }}
),

correlations as (
    select
        {{ keys | join(", ") }},
        count(*) as n_items,
        -- Lengths that do not vary correlate with nothing; rounding may push a perfect correlation over 1.
        case
            when min(log_length) < max(log_length) and min(other_log_length) < max(other_log_length)
                then greatest(least(corr(log_length, other_log_length), 1e0), -1e0)
        end as correlation
    from paired
    group by {{ keys | join(", ") }}
),

-- Fisher's z: atanh r is nearly normal with variance 1 / (n − 3). A perfect correlation has none; rounding decides
-- whether it is 1 or a little less.
transformed as (
    select
        *,
        case
            when n_items > 3 and abs(correlation) < 1 - 1e-12 then ln((1 + correlation) / (1 - correlation)) / 2
        end as z,
        1.959963984540054e0 / sqrt(case when n_items > 3 then n_items - 3 end) as half_width
    from correlations
)

select
    {{ keys | join(", ") }},
    {{ is_main_length_axis("transformed", "pairs") }},
    n_items,
    correlation,
    tanh(z - half_width) as correlation_ci_low,
    tanh(z + half_width) as correlation_ci_high
from transformed
inner join pairs using ({{ pair_keys() | join(", ") }})
order by {{ keys | join(", ") }}
