{% set keys = model_pair_keys() + ["n_votes"] %}
{% set votes = ["majority", "other_majority", "mixed_majority"] %}
{% set differences = ["mixed_difference", "other_mixed_difference"] %}

with

items as (
    select * from {{ ref("int_mixed_ensemble_items") }}
),

models as (
    select * from {{ ref("dim_model") }}
),

conditions as (
    select * from {{ ref("dim_condition") }}
),

means as (
    select
        {{ keys | join(", ") }},
        {% for name in votes + differences %}
            avg({{ name }}) as {{ name }},
        {% endfor %}
        count(*) as n_items
    from items
    group by {{ keys | join(", ") }}
),

half_widths as (
    {{ mean_half_widths("items", keys, "item_id", differences) }}
),

pairs as (
    select
        -- Votes that never differ are no proof that they never would.
        {% for name in differences %}
            case when half_widths.{{ name }}_half_width > 1e-12 then half_widths.{{ name }}_half_width end
                as {{ name }}_half_width,
        {% endfor %}
        means.*
    from means
    inner join half_widths using ({{ keys | join(", ") }})
)

select
    {{ pool_figure_keys("pairs") }},
    pairs.other_model_id,
    other_models.model_family as other_model_family,
    other_models.param_count as other_param_count,
    other_models.is_simulated as other_is_simulated,
    pairs.n_votes,
    pairs.n_items,
    {% for name in votes %}
        pairs.{{ name }},
    {% endfor %}
    {% for name in differences %}
        pairs.{{ name }},
        pairs.{{ name }} - pairs.{{ name }}_half_width as {{ name }}_ci_low,
        pairs.{{ name }} + pairs.{{ name }}_half_width as {{ name }}_ci_high,
    {% endfor %}
    case
        when pairs.n_items < {{ var("min_compared_items") }} then 'cannot_tell'
        when
            pairs.mixed_difference > pairs.mixed_difference_half_width
            and pairs.other_mixed_difference > pairs.other_mixed_difference_half_width
            then 'mixed_better'
        when
            pairs.mixed_difference < -pairs.mixed_difference_half_width
            and pairs.other_mixed_difference < -pairs.other_mixed_difference_half_width
            then 'mixed_worse'
        when pairs.mixed_difference < -pairs.mixed_difference_half_width then 'model_better'
        when pairs.other_mixed_difference < -pairs.other_mixed_difference_half_width then 'other_model_better'
        else 'cannot_tell'
    end as mixed_verdict
from pairs
inner join models on pairs.model_id = models.model_id
inner join models as other_models on pairs.other_model_id = other_models.model_id
inner join conditions on pairs.condition_id = conditions.condition_id
order by task, model_id, condition_id, other_model_id, n_votes
