{#
  Per pair of models and item that both got wrong: how often a sample of each is wrong, how often they are wrong alike, and how often
  they would be if one of them took its wrong answers as all other models do.

  With a and b what share of the two models' samples chose wrong answer c, and q its share among the wrong answers of the others
  (every model weighing by how often it errs): Σa Σb, Σ a b, and Σ q (a Σb + b Σa) / 2, the mean of either model in the others'
  place. All are products of different models' samples, so that few samples do not bias them.
#}
{% set keys = item_keys() | join(", ") %}
{% set pair = (model_pair_keys() + ["item_id"]) | join(", ") %}

with

pairs as (
    select * from {{ ref("int_pool_pairs") }}
    where compared = 'models'
),

answers as (
    select * from {{ ref("int_wrong_answers") }}
),

errors as (
    select
        {{ keys }},
        max(n_classes) as n_classes,
        sum(n_samples) as n_wrong,
        sum(share) as error
    from answers
    group by {{ keys }}
),

all_answers as (
    select
        task,
        condition_id,
        item_id,
        predicted_index,
        sum(share) as share
    from answers
    group by task, condition_id, item_id, predicted_index
),

all_errors as (
    select
        task,
        condition_id,
        item_id,
        sum(n_wrong) as n_wrong,
        sum(error) as error
    from errors
    group by task, condition_id, item_id
),

shared as (
    select
        {{ columns_of("pairs", model_pair_keys()) }},
        errors.item_id,
        errors.n_classes,
        errors.error,
        others.error as other_error,
        all_errors.n_wrong > errors.n_wrong + others.n_wrong as has_others,
        all_errors.error - errors.error - others.error as rest_error
    from pairs
    {{ join_both_pools("pairs", "errors", also=["item_id"]) }}
    inner join all_errors
        on
            errors.task = all_errors.task
            and errors.condition_id = all_errors.condition_id
            and errors.item_id = all_errors.item_id
),

chosen as (
    {% for side in ["", "other_"] %}
        select
            {{ columns_of("shared", model_pair_keys() + ["item_id"]) }},
            answers.predicted_index,
            {{ "answers.share" if side == "" else "0e0" }} as share,
            {{ "answers.share" if side else "0e0" }} as other_share
        from shared
        inner join answers
            on
                shared.task = answers.task
                and shared.condition_id = answers.condition_id
                and shared.{{ side }}model_id = answers.model_id
                and shared.item_id = answers.item_id
        {{ "union all" if not loop.last }}
    {% endfor %}
),

shares as (
    select
        {{ pair }},
        predicted_index,
        sum(share) as share,
        sum(other_share) as other_share
    from chosen
    group by {{ pair }}, predicted_index
)

select
    {{ columns_of("shared", model_pair_keys() + ["item_id"]) }},
    max(shared.n_classes) as n_classes,
    max(shared.error * shared.other_error) as both_wrong,
    sum(shares.share * shares.other_share) as wrong_alike,
    case
        when max(shared.has_others)
            then sum(
                (all_answers.share - shares.share - shares.other_share)
                * (shares.share * shared.other_error + shares.other_share * shared.error)
            ) / 2 / max(shared.rest_error)
    end as wrong_alike_by_chance
from shared
inner join shares using ({{ pair }})
inner join all_answers using (task, condition_id, item_id, predicted_index)
group by {{ columns_of("shared", model_pair_keys() + ["item_id"]) }}
