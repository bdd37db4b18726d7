{% set keys = item_keys() | join(", ") %}

with

samples as (
    select * from {{ ref("int_sample_answers") }}
    where n_classes is not null and answer_kind <> 'left_out'
),

lengths as (
    {% for axis, column in length_axes().items() %}
        select
            *,
            '{{ axis }}' as length_axis,
            cast({{ column }} as bigint) as sample_length
        from samples
        where {{ column }} is not null
        {{ "union all" if not loop.last }}
    {% endfor %}
),

medians as (
    select
        {{ keys }},
        length_axis,
        median(sample_length) as median_length
    from lengths
    group by {{ keys }}, length_axis
),

halves as (
    select
        lengths.*,
        case when sample_length < median_length then 'below' else 'at_or_above' end as half
    from lengths
    inner join medians using ({{ keys }}, length_axis)
)

{{ answer_counts("halves", item_keys() + ["length_axis", "half"], {"length": "sample_length"}) }}
