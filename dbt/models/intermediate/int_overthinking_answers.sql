{% set keys = item_keys() | join(", ") %}

with

samples as (
    select * from {{ ref("int_sample_answers") }}
    where answer_kind not in ('left_out', 'open')
),

medians as (
    select
        {% for axis, column in length_axes().items() %}
            median(cast({{ column }} as double)) as median_{{ axis }},
        {% endfor %}
        {{ keys }}
    from samples
    group by {{ keys }}
),

with_medians as (
    select *
    from samples
    inner join medians using ({{ keys }})
),

halves as (
    {% for axis, column in length_axes().items() %}
        select
            *,
            '{{ axis }}' as length_axis,
            cast({{ column }} as bigint) as sample_length,
            case when {{ column }} < median_{{ axis }} then 'below' else 'at_or_above' end as half
        from with_medians
        where {{ column }} is not null
        {{ "union all" if not loop.last }}
    {% endfor %}
)

{% set aggregates = [
    "count(*) filter (where is_correct) as n_correct",
    "cast(sum(sample_length) as bigint) as total_length",
] %}

{{ answer_counts("halves", item_keys() + ["length_axis", "half"], aggregates) }}
