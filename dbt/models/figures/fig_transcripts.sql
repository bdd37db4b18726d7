{% set group = item_keys() | join(", ") %}

with

chosen as (
    select * from {{ ref("int_transcript_items") }}
),

samples as (
    select * from {{ ref("int_sample_answers") }}
    where answer_kind <> 'left_out'
),

texts as (
    select * from {{ ref("stg_sample_texts") }}
),

questions as (
    select * from {{ ref("dim_item") }}
),

drawn as (
    select * from {{ ref("stg_samples") }}
),

imports as (
    select * from {{ ref("stg_imports") }}
),

models as (
    select * from {{ ref("dim_model") }}
),

conditions as (
    select * from {{ ref("dim_condition") }}
),

answers as (
    select
        {{ columns_of("samples", item_keys()) }},
        samples.sample_id,
        samples.epoch,
        samples.is_correct,
        coalesce(
            case
                when samples.answer_kind <> 'open' then chr(cast(65 + samples.predicted_index as integer))
                else coalesce(nullif(trim(texts.answer), ''), nullif(trim(texts.completion), ''))
            end,
            'no usable answer'
        ) as answer
    from samples
    inner join chosen using ({{ group }})
    left join texts on samples.sample_id = texts.sample_id
    where (chosen.decomposition in ('kl', 'brier')) = (samples.answer_kind <> 'open')
),

counted as (
    select
        {{ group }},
        answer,
        count(*) as n_samples,
        bool_or(is_correct) as is_correct,
        min_by(sample_id, lpad(cast(epoch as string), 9, '0') || sample_id) as example_id,
        count(*) / cast(sum(count(*)) over (partition by {{ group }}) as double) as share,
        row_number() over (partition by {{ group }} order by count(*) desc, answer) as answer_rank
    from answers
    group by {{ group }}, answer
)

select
    {{ pool_figure_keys("chosen") }},
    chosen.decomposition,
    chosen.variance_rank,
    chosen.item_id,
    left(questions.question, 600) as question,
    questions.target_text,
    chosen.bias_sq,
    chosen.variance,
    chosen.incoherence,
    counted.answer_rank,
    left(counted.answer, 200) as answer,
    counted.is_correct,
    counted.n_samples,
    counted.share,
    -- A completion may well repeat the question.
    case when not questions.is_withheld then left(texts.completion, 600) end as example,
    -- Where to read on: which sample of which item of which log.
    imports.file_name as example_log,
    questions.source_item_id as example_item_id,
    drawn.epoch as example_epoch,
    counted.example_id as example_sample_id
from chosen
inner join counted using ({{ group }})
inner join questions on chosen.task = questions.task and chosen.item_id = questions.item_id
inner join drawn on counted.example_id = drawn.sample_id
left join imports on drawn.import_id = imports.import_id
left join texts on counted.example_id = texts.sample_id
inner join models on chosen.model_id = models.model_id
inner join conditions on chosen.condition_id = conditions.condition_id
where counted.answer_rank <= {{ var("n_transcript_answers") }}
order by task, model_id, condition_id, variance_rank, answer_rank
