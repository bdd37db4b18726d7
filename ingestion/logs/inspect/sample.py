"""One sample of an Inspect log as rows of the raw contract. Pure: structs in, dictionaries out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ingestion import answers
from ingestion.logs.inspect.epochs import epoch_of
from ingestion.logs.inspect.graders import Graders
from ingestion.logs.inspect.lengths import measures
from ingestion.logs.inspect.outcome import Answered, Asked, outcome
from ingestion.logs.inspect.scores import ScorerChoice
from ingestion.logs.inspect.shuffle import is_shuffled, shuffled_order
from ingestion.logs.inspect.types import Choice, Header, Sample
from ingestion.logs.inspect.unit_tests import test_rows
from ingestion.logs.json_text import decode_object
from ingestion.logs.records import Row, Unreadable
from ingestion.text import clip, clip_key
from ingestion.verdicts import Grade
from warehouse.keys import answer_key_id, canonical_json, digest, sample_id

_SUBJECT = ("subject", "category", "topic", "domain")
_SUBSET = ("subset", "split", "dataset", "set")
_DIFFICULTY = ("human_difficulty", "difficulty", "level")
_NOT_THE_FIRST = Grade(None, "of several completions of one call only the first is scored")


@dataclass(frozen=True)
class RunContext:
    """What all samples of a log share.

    Attributes:
        header: the log's header.
        model_id: the model under test; more than its name where that is a place for checkpoints.
        own_roles: roles beside the one under test that the same model played.
        ids_are_positions: whether ids only say where an item stood after a shuffle, so that they change between runs.
        run_status: how the run ended, a value of `RUN_STATUSES`.
        prompt_format: choice, probability or open_ended.
        condition_id: id of the run's condition.
        temperature: sampling temperature of the run.
        seed: seed of the run.
        n_completions: completions asked for per call.
        scorer: the scorer that is read; decides itself at the first sample with scores.
        graders: all scorers.
        epochs: what the run's own epochs 1, 2, … are; empty where they are 1, 2, ….
        answer_keys: by item id, choices and targets, the answer key's id; grows as samples are read, so that an item is
            handed over once and not once for each epoch.
        targets: by the same, the right option.
        contradicted: ids of samples that their scorer judged otherwise than the option that was read from them.
    """

    header: Header
    model_id: str
    own_roles: frozenset[str]
    ids_are_positions: bool
    run_status: str
    prompt_format: str
    condition_id: str
    temperature: float | None
    seed: int | None
    n_completions: int
    scorer: ScorerChoice
    graders: Graders
    epochs: tuple[int, ...] = ()
    answer_keys: dict[tuple[Any, ...], str] = field(default_factory=dict)
    targets: dict[tuple[Any, ...], int | None] = field(default_factory=dict)
    contradicted: list[str] = field(default_factory=list)


def sample_rows(sample: Sample, context: RunContext) -> Iterator[Row | Unreadable]:
    """The sample's item, the sample itself (one for each completion of its call), its unit tests and grades.

    With several completions per call (`num_choices` K), completion j of epoch e becomes epoch (e − 1)·K + j. The call's
    tokens, cost and latency belong to all of them together, so they are NULL; its score belongs to the first alone.
    """
    completions: list[Choice | None] = list(sample.output.choices) or [None]
    n_completions = max(context.n_completions, len(completions))
    _check(sample, n_completions)
    epoch = epoch_of(sample.epoch, context.epochs)
    choices = sample.choices or None
    item_id = _item_id(sample, choices) if context.ids_are_positions else clip_key(str(sample.id), 1_000)
    content = (item_id, tuple(choices or ()), *sample.targets)
    is_new = content not in context.answer_keys
    if is_new:
        context.answer_keys[content] = answer_key_id(choices, _target_text(sample))
        context.targets[content] = None if choices is None else answers.target_index(sample.targets, choices)
    base = {
        "task": context.header.eval.task,
        "item_id": item_id,
        "answer_key_id": context.answer_keys[content],
    }
    if is_new:
        yield Row("items", base | _item(sample, choices))

    shuffled = is_shuffled(sample.scores or {})
    order = shuffled_order(sample.scores or {}, choices or []) if shuffled and len(completions) > 1 else None
    right = context.targets[content]
    asked = Asked(context.prompt_format, choices, right, shuffled)
    for position, completion in enumerate(completions):
        if position and shuffled and order is None:
            yield Unreadable(
                place=f"sample {base['item_id']}, epoch {sample.epoch}, completion {position + 1}",
                reason="its options were shuffled, and the scorer's explanation does not tell in which order; shuffle "
                "the dataset (shuffle_choices) instead of the prompt",
            )
            continue
        values = base | _keys(sample, context, base, (epoch - 1) * n_completions + position + 1)
        answered = _answered(sample, context, completion, is_first=position == 0)
        values |= outcome(sample, asked, answered)
        if position and order is not None and values["choice_index"] is not None:
            index = order[values["choice_index"]]
            values |= {"choice_index": index, "answer": answers.option_letter(index)}
        alone = len(completions) == 1 and n_completions == 1
        values |= measures(sample, context.header.eval.model, context.own_roles, alone=alone)
        if _is_contradicted(values, right):
            context.contradicted.append(values["sample_id"])
        yield Row("samples", values, answered.grade.unscored)
        if position == 0:
            key = {"sample_id": values["sample_id"], "task": base["task"]}
            yield from (Row("test_outcomes", key | test) for test in test_rows(sample))
            grades = context.graders.rows(sample.scores or {}, context.prompt_format)
            yield from (Row("grades", key | grade) for grade in grades)


def _check(sample: Sample, n_completions: int) -> None:
    if not (sample.epoch >= 1 and sample.epoch * n_completions < 2**31):
        raise ValueError(f"epoch is {sample.epoch}; it must count from 1 and stay under {2**31}")
    if str(sample.id) == "":
        raise ValueError("id is empty; give every sample of the dataset an id")


def _item_id(sample: Sample, choices: list[str] | None) -> str:
    """What the item asks, for an id: the same in every order of the dataset."""
    return f"q-{digest(canonical_json([_question(sample), choices, sample.targets]), 12)}"


def _target_text(sample: Sample) -> str:
    return ", ".join(sample.targets)


def _item(sample: Sample, choices: list[str] | None) -> dict[str, Any]:
    metadata = decode_object(sample.metadata)
    index = None if choices is None else answers.target_index(sample.targets, choices)
    return {
        "subset": _label(metadata, _SUBSET),
        "subject": _label(metadata, _SUBJECT),
        "human_difficulty": _label(metadata, _DIFFICULTY),
        "question": clip(_question(sample), 1_000_000),
        "choices": choices,
        "target_index": index,
        "target_text": _target_text(sample) if choices is None or index is None else choices[index],
        "n_choices": None if choices is None else len(choices),
    }


def _question(sample: Sample) -> str:
    if isinstance(sample.input, str):
        text = sample.input
    else:
        said = [message.text for message in sample.input if message.role == "user"]
        text = said[-1] if said else ""
    if text.startswith("attachment://"):
        attachments = decode_object(sample.attachments)
        text = str(attachments.get(text.removeprefix("attachment://"), text))
    return text


def _label(metadata: dict[str, Any], names: tuple[str, ...]) -> str | None:
    for name in names:
        value = metadata.get(name)
        if isinstance(value, str) and value:
            return clip(value, 500)
    return None


def _keys(sample: Sample, context: RunContext, base: dict[str, str], epoch: int) -> dict[str, Any]:
    run_id = context.header.eval.eval_id or context.header.eval.run_id
    source_ref = clip_key(sample.uuid or f"{run_id}/{sample.id}/{sample.epoch}", 1_000)
    key = {
        "task": base["task"],
        "model_id": context.model_id,
        "condition_id": context.condition_id,
        "item_id": base["item_id"],
        "context_id": "none",
        "epoch": epoch,
    }
    return {
        **key,
        "sample_id": sample_id(**key, source="inspect", source_ref=source_ref),  # type: ignore[arg-type]
        "source_ref": source_ref,
        "run_id": run_id,
        "run_status": context.run_status,
        "served_model": clip(sample.output.model, 500) if sample.output.model else None,
        "temperature": context.temperature,
        "seed": context.seed,
    }


def _is_contradicted(values: dict[str, Any], right: int | None) -> bool:
    """Whether a verdict of right or wrong says otherwise than the option."""
    if right is None or values["score"] not in (0, 1) or values["status"] not in ("ok", "format_failure"):
        return False
    if values["choice_index"] is None:
        return values["score"] == 1 and values["class_probs"] is None
    return bool((values["score"] == 1) != (values["choice_index"] == right))


def _answered(sample: Sample, context: RunContext, completion: Choice | None, *, is_first: bool) -> Answered:
    """The completion with what was said of it; scores belong to the first of a call alone."""
    text = "" if completion is None else completion.message.text
    if not is_first:
        return Answered(completion, text, {}, context.scorer.name, _NOT_THE_FIRST)
    scores = sample.scores or {}
    grade = context.scorer.grade(context.scorer.of(scores), context.prompt_format)
    return Answered(completion, sample.output.completion or text, scores, context.scorer.name, grade)
