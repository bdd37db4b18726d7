{% set group = item_keys() | join(", ") %}
{% set pool = pool_keys() | join(", ") %}
{% set most = var("max_ensemble_size") | int %}
{% set sizes = [1, 2, 4, 8, 16, 32, 64, 128, 256] | select("le", most) | list %}

with

samples as (
    select * from {{ ref("int_sample_answers") }}
    where answer_kind not in ('left_out', 'open')
),

item_counts as (
    select
        {{ group }},
        count(*) as n_item_samples
    from samples
    group by {{ group }}
),

pool_sizes as (
    select
        {{ pool }},
        median(n_item_samples) as median_samples
    from item_counts
    group by {{ pool }}
),

largest_sizes as (
    select
        {{ pool }},
        case
            {% for size in sizes | reverse %}
                when median_samples >= {{ size * (var("min_ensembles") | int) }} then {{ size }}
            {% endfor %}
        end as largest_size
    from pool_sizes
),

-- The same items at every size: those with too few samples for the largest would change what is compared.
eligible as (
    select
        {{ group }},
        largest_size
    from item_counts
    inner join largest_sizes using ({{ pool }})
    where largest_size > 1 and n_item_samples >= largest_size * {{ var("min_ensembles") }}
)

select * from eligible
