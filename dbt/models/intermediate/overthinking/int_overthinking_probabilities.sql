{{ per_pool() }}

{% set group_keys = item_keys() + ["length_axis", "half", "is_right"] %}

with

halves as (
    select * from {{ ref("int_overthinking_samples") }}
    where is_right is not null
),

samples as (
    select * from {{ ref("int_sample_answers") }}
    where answer_kind <> 'open'
),

chosen as (
    select
        {{ columns_of("halves", group_keys) }},
        {{ columns_of("samples", answer_columns()) }}
    from halves
    inner join samples on halves.sample_id = samples.sample_id
),

answers as (
    {{ answer_counts("chosen", group_keys) }}
),

-- As findings are told, and without the samples whose answer could not be read (fig_multiverse).
treated as (
    {% for format_failures in ["included", "left_out"] %}
        select
            *,
            '{{ format_failures }}' as format_failures
        from answers
        {{ "where answer_kind <> 'format_failure'" if format_failures == "left_out" }}
        {{ "union all" if not loop.last }}
    {% endfor %}
)

{{ class_probabilities("treated", group_keys + ["format_failures"]) }}
