{#
  Disjoint blocks of few samples per item, in order of epoch and sample_id: what smaller experiments would have drawn. Blocks
  share no sample, so that they differ as independent experiments do, without noise of resampling. For each of
  `subsample_sizes` a pool has as many blocks as half of its items can fill, and every block has the same items.

  relation: samples with the keys of an item, epoch and sample_id. Adds n_samples_per_item, the size, and block, from 0.
#}
{% macro sample_blocks(relation) %}
    with ordered as (
        select
            *,
            row_number() over (partition by {{ item_keys() | join(", ") }} order by epoch, sample_id) - 1 as position
        from {{ relation }}
    ),

    item_counts as (
        select
            {{ item_keys() | join(", ") }},
            count(*) as n_item_samples
        from {{ relation }}
        group by {{ item_keys() | join(", ") }}
    ),

    pool_counts as (
        select
            {{ pool_keys() | join(", ") }},
            median(n_item_samples) as median_samples
        from item_counts
        group by {{ pool_keys() | join(", ") }}
    )

    {% for size in var("subsample_sizes") %}
        select
            ordered.*,
            {{ size }} as n_samples_per_item,
            {{ whole("position", size) }} as block
        from ordered
        inner join item_counts using ({{ item_keys() | join(", ") }})
        inner join pool_counts using ({{ pool_keys() | join(", ") }})
        where
            position < {{ whole("median_samples", size) }} * {{ size }}
            and n_item_samples >= {{ whole("median_samples", size) }} * {{ size }}
        {{ "union all" if not loop.last }}
    {% endfor %}
{% endmacro %}
