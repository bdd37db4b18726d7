{{ per_pool() }}

{% set item = "item_number, length_axis" %}

with

numbers as (
    select * from {{ ref("int_item_numbers") }}
),

samples as (
    select * from {{ ref("int_sample_answers") }}
    inner join numbers using ({{ item_keys() | join(", ") }})
    where answer_kind <> 'left_out'
),

-- Where grades lie between right and wrong, a sample that passes all of its item's tests is right.
tested as (
    select
        sample_id,
        bool_and(passed) as passes_all
    from {{ ref("int_sample_tests") }}
    group by sample_id
),

judged as (
    select
        samples.*,
        coalesce(samples.is_correct, tested.passes_all) as is_right
    from samples
    left join tested on samples.sample_id = tested.sample_id
),

lengths as (
    {% for axis, column in length_axes().items() %}
        select
            item_number,
            sample_id,
            is_correct,
            is_right,
            '{{ axis }}' as length_axis,
            cast({{ column }} as bigint) as sample_length
        from judged
        where {{ column }} is not null
        {{ "union all" if not loop.last }}
    {% endfor %}
),

medians as (
    select
        {{ item }},
        median(cast(sample_length as double)) as median_length
    from lengths
    group by {{ item }}
),

sides as (
    select
        {{ item }},
        count(*) filter (where sample_length < median_length) as n_below,
        count(*) filter (where sample_length > median_length) as n_above
    from lengths
    inner join medians using ({{ item }})
    group by {{ item }}
),

halves as (
    select
        *,
        case
            when sample_length < median_length then 'shorter'
            when sample_length > median_length then 'longer'
            -- Samples of the median length go to the smaller half: where many are alike, both keep enough to compare.
            when n_below < n_above then 'shorter'
            else 'longer'
        end as half
    from lengths
    inner join medians using ({{ item }})
    inner join sides using ({{ item }})
),

sizes as (
    select
        {{ item }},
        count(*) filter (where half = 'shorter') as n_shorter,
        count(*) filter (where half = 'longer') as n_longer
    from halves
    group by {{ item }}
),

-- Only the larger half has samples to choose from. Their ids are hashes: an order by them has nothing to do with
-- contexts, epochs or lengths.
larger as (
    select
        sample_id,
        length_axis,
        row_number() over (partition by {{ item }} order by sample_id) <= least(n_shorter, n_longer) as is_matched
    from halves
    inner join sizes using ({{ item }})
    where n_shorter > n_longer and half = 'shorter' or n_shorter < n_longer and half = 'longer'
)

select
    {{ item_keys() | join(", ") }},
    length_axis,
    sample_id,
    half,
    sample_length,
    is_correct,
    is_right,
    coalesce(is_matched, true) as is_matched
from halves
inner join numbers using (item_number)
left join larger using (sample_id, length_axis)
