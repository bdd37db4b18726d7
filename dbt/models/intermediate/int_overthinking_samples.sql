{% set item = (item_keys() + ["length_axis"]) | join(", ") %}

with

samples as (
    select * from {{ ref("int_sample_answers") }}
    where answer_kind <> 'left_out'
),

lengths as (
    {% for axis, column in length_axes().items() %}
        select
            {{ item_keys() | join(", ") }},
            sample_id,
            is_correct,
            '{{ axis }}' as length_axis,
            cast({{ column }} as bigint) as sample_length
        from samples
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

halves as (
    select
        *,
        case when sample_length < median_length then 'below' else 'at_or_above' end as half
    from lengths
    inner join medians using ({{ item }})
),

ranked as (
    select
        *,
        count(*) filter (where half = 'below') over (partition by {{ item }}) as n_below,
        count(*) filter (where half = 'at_or_above') over (partition by {{ item }}) as n_at_or_above,
        -- A sample's id is a hash: its order has nothing to do with contexts, epochs or lengths.
        row_number() over (partition by {{ item }}, half order by sample_id) as position
    from halves
)

select
    {{ item }},
    sample_id,
    half,
    sample_length,
    is_correct,
    position <= least(n_below, n_at_or_above) as is_matched
from ranked
