"""One document of lm-evaluation-harness, with all its repeats, as rows of the raw contract. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ingestion.logs.lm_eval.document import Document, Item, item_of
from ingestion.logs.lm_eval.metric import Metric
from ingestion.logs.lm_eval.outcomes import Outcome, choice_outcomes, continuation_outcomes, generation_outcomes
from ingestion.logs.lm_eval.run import LmEvalRun
from ingestion.logs.records import Row
from ingestion.text import clip, clip_key
from warehouse.keys import answer_key_id, sample_id

_SUBJECT = ("subject", "category", "topic", "domain")
_DIFFICULTY = ("human_difficulty", "difficulty", "level")
_MAX_REPEATS = 100_000


@dataclass
class Tally:
    """What is only known when the whole file was read: what the person who imports it is told.

    Attributes:
        metric: the metric that is read.
        item_ids: which document has an item id.
        n_repeated: documents with more than one repeat.
        n_identical: those whose repeats are all the same.
        n_contradicted: documents whose target the harness's own verdict contradicts.
    """

    metric: Metric

    item_ids: dict[str, int | str] = field(default_factory=dict)
    n_repeated: int = 0
    n_identical: int = 0
    n_contradicted: int = 0


def document_rows(  # long: one literal for each of the three tables
    document: Document, line: Mapping[str, Any], run: LmEvalRun, tally: Tally
) -> Iterator[Row]:
    """The document's item and condition, and one sample for each repeat.

    Args:
        document: the line.
        line: the line as a dictionary; holds the harness's metrics by name.
        run: the run.
        tally: is brought up to date.

    Raises:
        ValueError: if the responses are not what the task's output type says.
        RefusedFileError: if the metric that was asked for is not there.
    """
    tally.metric.decide(line, document.metrics, "acc" if run.output_type == "loglikelihood" else None)
    item, results = _read(document, line, run, tally)
    outcomes = [result.values for result in results]
    if not 1 <= len(outcomes) <= _MAX_REPEATS:
        raise ValueError(f"resps holds {len(outcomes)} repeats; expected 1 to {_MAX_REPEATS}")
    if len(outcomes) > 1:
        tally.n_repeated += 1
        tally.n_identical += all(_is_same(outcome, outcomes[0]) for outcome in outcomes)

    doc = document.doc if isinstance(document.doc, Mapping) else {}
    condition = run.condition("open_ended" if item.choices is None else "choice")
    yield Row("conditions", condition)
    base = {
        "task": run.task,
        "item_id": _item_id(document, doc, tally),
        "answer_key_id": answer_key_id(item.choices, item.target),
    }
    yield Row(
        "items",
        base
        | {
            "subject": _label(doc, _SUBJECT),
            "human_difficulty": _label(doc, _DIFFICULTY),
            "question": clip(item.question, 1_000_000),
            "choices": item.choices,
            "target_index": item.target_index,
            "target_text": _target_text(item),
            "n_choices": None if item.choices is None else len(item.choices),
        },
    )
    for epoch, result in enumerate(results, 1):
        key = {
            "task": run.task,
            "model_id": run.model["model_id"],
            "condition_id": condition["condition_id"],
            "item_id": base["item_id"],
            "context_id": run.context_id,
            "epoch": epoch,
        }
        source_ref = f"{run.run_id}/{document.doc_id}/{epoch}"
        yield Row(
            "samples",
            {
                **key,
                "sample_id": sample_id(**key, source="lm_eval", source_ref=source_ref),
                "answer_key_id": base["answer_key_id"],
                "source_ref": clip_key(source_ref, 1_000),
                "run_id": run.run_id,
                "run_status": "success",
                "temperature": condition["temperature"],
                "created_at": run.created_at,
                **result.values,
            },
            result.unscored,
        )


def _item_id(document: Document, doc: Mapping[str, Any], tally: Tally) -> str:
    given = next((doc[name] for name in ("id", "question_id", "task_id") if isinstance(doc.get(name), str | int)), None)
    item_id = clip_key(str(document.doc_id if given in (None, "") else given), 1_000)
    if tally.item_ids.setdefault(item_id, document.doc_id) != document.doc_id:
        item_id = f"{item_id}#{document.doc_id}"
    return item_id


def _label(doc: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    return next((clip(doc[name], 500) for name in names if isinstance(doc.get(name), str) and doc[name]), None)


def _read(document: Document, line: Mapping[str, Any], run: LmEvalRun, tally: Tally) -> tuple[Item, list[Outcome]]:
    item = item_of(document, run)
    if run.output_type == "multiple_choice":
        item, outcomes, contradicts = choice_outcomes(document, line, item, tally.metric)
        tally.n_contradicted += contradicts
        return item, outcomes
    if run.output_type == "loglikelihood":
        return item, continuation_outcomes(document, line, tally.metric)
    return item, generation_outcomes(document, line, run, item, tally.metric)


def _is_same(outcome: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two repeats answered the same; only the first may have a score."""
    return {**outcome, "score": None} == {**other, "score": None}


def _target_text(item: Item) -> str | None:
    if item.choices is None:
        return item.target
    if item.several_right:
        return "; ".join(item.choices[index] for index in item.several_right)
    return item.target if item.target_index is None else item.choices[item.target_index]
