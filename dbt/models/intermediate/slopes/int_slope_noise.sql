{#
  The part of a slope's variance that samples cause: separate blocks of one item's samples differ by that alone, in
  variance − rate · error, which moves the slope by its leverage.
#}
{% set group = slope_keys() | join(", ") %}
{% set sized = (item_keys() + ["decomposition", "n_samples_per_item"]) | join(", ") %}

with

influences as (
    select * from {{ ref("int_slope_influences") }}
    where slope_over = 'reasoning_length'
),

blocks as (
    select * from {{ ref("int_subsample_items") }}
    where variance_unbiased is not null
),

-- The largest blocks of an item that come in pairs: least is extrapolated.
largest as (
    select
        {{ sized }},
        count(*) as n_blocks
    from blocks
    group by {{ sized }}
    having count(*) > 1
    qualify
        row_number() over (
            partition by {{ (item_keys() + ["decomposition"]) | join(", ") }} order by n_samples_per_item desc
        ) = 1
),

differences as (
    select
        {{ columns_of("influences", slope_keys()) }},
        influences.model_id,
        influences.item_id,
        max(pow(influences.leverage, 2)) * var_samp(blocks.variance_unbiased - influences.rate * blocks.error)
        / max(largest.n_blocks) as noise
    from influences
    inner join largest using ({{ (item_keys() + ["decomposition"]) | join(", ") }})
    inner join blocks using ({{ sized }})
    group by {{ columns_of("influences", slope_keys()) }}, influences.model_id, influences.item_id
),

sizes as (
    select
        {{ group }},
        count(*) as n_units
    from influences
    group by {{ group }}
)

-- Items of too few samples for blocks are taken to be like the others.
select
    {{ group }},
    avg(noise) * max(n_units) as sample_noise
from differences
inner join sizes using ({{ group }})
group by {{ group }}
