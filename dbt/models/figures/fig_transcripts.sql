{% set group = item_keys() | join(", ") %}

with

items as (
    select * from {{ ref("int_item_decomposition") }}
    where decomposition = 'kl'
),

answers as (
    select * from {{ ref("int_sample_answers") }}
    where answer_kind not in ('left_out', 'open')
),

texts as (
    select * from {{ ref("stg_sample_texts") }}
),

questions as (
    select * from {{ ref("dim_item") }}
),

models as (
    select * from {{ ref("dim_model") }}
),

conditions as (
    select * from {{ ref("dim_condition") }}
),

chosen as (
    select
        *,
        row_number() over (
            partition by {{ pool_keys() | join(", ") }} order by round(variance, 9) desc, item_id
        ) as variance_rank
    from items
    qualify variance_rank <= {{ var("n_transcripts") }}
),

first_texts as (
    select
        {{ group }},
        coalesce(chr(cast(65 + answers.predicted_index as integer)), 'no usable answer') as answer,
        count(*) as n_samples,
        bool_or(answers.is_correct) as is_correct,
        min_by(answers.sample_id, lpad(cast(answers.epoch as varchar), 9, '0') || answers.sample_id) as example_id
    from answers
    inner join chosen using ({{ group }})
    group by {{ group }}, answers.predicted_index
)

select
    {{ pool_figure_keys("chosen") }},
    chosen.variance_rank,
    chosen.item_id,
    left(questions.question, 600) as question,
    questions.target_text,
    chosen.bias_sq,
    chosen.variance,
    chosen.incoherence,
    first_texts.answer,
    first_texts.is_correct,
    first_texts.n_samples,
    first_texts.n_samples / cast(chosen.n_samples as double) as share,
    -- A completion may well repeat the question.
    case when not questions.is_withheld then left(texts.completion, 600) end as example
from chosen
inner join first_texts using ({{ group }})
inner join questions on chosen.task = questions.task and chosen.item_id = questions.item_id
left join texts on first_texts.example_id = texts.sample_id
inner join models on chosen.model_id = models.model_id
inner join conditions on chosen.condition_id = conditions.condition_id
order by task asc, model_id asc, condition_id asc, variance_rank asc, n_samples desc, answer asc
