"""One document of lm-evaluation-harness, with all its repeats, as rows of the raw contract. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ingestion import answers
from ingestion.logs.lm_eval.document import Document, Item, is_texts, item_of
from ingestion.logs.lm_eval.filters import INVALID, exact_match_options, exact_matches, extract
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
        item_ids: which document has an item id.
        n_repeated: documents with more than one repeat.
        n_identical: those whose repeats are all the same.
        n_unscored: documents whose repeats could not all be scored as the harness scored the first.
    """

    item_ids: dict[str, int | str] = field(default_factory=dict)
    n_repeated: int = 0
    n_identical: int = 0
    n_unscored: int = 0


def document_rows(  # long: one literal for each of the three tables
    document: Document, metrics: Mapping[str, Any], run: LmEvalRun, tally: Tally
) -> Iterator[Row]:
    """The document's item and condition, and one sample for each repeat.

    Args:
        document: the line.
        metrics: the line as a dictionary; holds the harness's metrics by name.
        run: the run.
        tally: is brought up to date.

    Raises:
        ValueError: if the responses are not what the task's output type says.
    """
    item = item_of(document, run)
    if run.output_type == "multiple_choice":
        outcomes = _choice_outcomes(document, run, item)
    elif run.output_type == "loglikelihood":
        outcomes = _continuation_outcomes(document)
    else:
        outcomes = _generation_outcomes(document, metrics, run, item, tally)
    if not 1 <= len(outcomes) <= _MAX_REPEATS:
        raise ValueError(f"resps holds {len(outcomes)} repeats; expected 1 to {_MAX_REPEATS}")
    if len(outcomes) > 1:
        tally.n_repeated += 1
        tally.n_identical += all(outcome == outcomes[0] for outcome in outcomes)

    doc = document.doc if isinstance(document.doc, Mapping) else {}
    condition = run.condition("open_ended" if item.choices is None else "choice")
    yield Row("conditions", condition)
    target_text = item.target if item.target_index is None or item.choices is None else item.choices[item.target_index]
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
            "target_text": target_text,
            "n_choices": None if item.choices is None else len(item.choices),
        },
    )
    for epoch, outcome in enumerate(outcomes, 1):
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
                **outcome,
            },
        )


def _item_id(document: Document, doc: Mapping[str, Any], tally: Tally) -> str:
    given = next((doc[name] for name in ("id", "question_id", "task_id") if isinstance(doc.get(name), str | int)), None)
    item_id = clip_key(str(document.doc_id if given in (None, "") else given), 1_000)
    if tally.item_ids.setdefault(item_id, document.doc_id) != document.doc_id:
        item_id = f"{item_id}#{document.doc_id}"
    return item_id


def _label(doc: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    return next((clip(doc[name], 500) for name in names if isinstance(doc.get(name), str) and doc[name]), None)


def _choice_outcomes(document: Document, run: LmEvalRun, item: Item) -> list[dict[str, Any]]:
    """Each repeat's probabilities: softmax over the options' log-probabilities, not normalised by length."""
    n_choices = len(item.choices or [])
    by_choice = [_log_probabilities(resps) for resps in document.resps[:n_choices]]
    if len({len(values) for values in by_choice}) != 1:
        raise ValueError("resps holds different numbers of repeats for the options of one question")
    outcomes: list[dict[str, Any]] = []
    for logs in zip(*by_choice, strict=True):
        if any(math.isnan(value) for value in logs) or max(logs) == -math.inf:
            outcomes.append({"status": "error", "error": f"log-probabilities {list(logs)} are no distribution"})
            continue
        weights = [math.exp(value - max(logs)) for value in logs]
        probabilities = [weight / sum(weights) for weight in weights]
        best = probabilities.index(max(probabilities))
        outcomes.append(
            {
                "status": "ok",
                "class_probs": probabilities,
                "answer": answers.option_letter(best),
                "score": None if item.target_index is None else float(best == item.target_index),
            }
        )
    return outcomes


def _log_probabilities(repeats: Any) -> list[float]:
    return [value for value, _ in _likelihoods(repeats)]


def _likelihoods(repeats: Any) -> list[tuple[float, bool]]:
    """`[["-1.5", "False"], …]` as numbers; each response is a log-probability and whether it is the greedy choice."""
    found = []
    for response in repeats if isinstance(repeats, list) else [None]:
        if not isinstance(response, list) or len(response) != 2:
            raise ValueError('a response is not ["log-probability", "is_greedy"]')
        value = float(response[0])
        if value > 1e-6:
            raise ValueError(f"log-probability {value} is above 0")
        found.append((value, str(response[1]) == "True"))
    return found


def _continuation_outcomes(document: Document) -> list[dict[str, Any]]:
    """Whether each repeat would have written the wanted continuation: the harness's `acc` of such tasks."""
    return [
        {"status": "ok", "score": float(is_greedy), "answer": str(is_greedy)}
        for _, is_greedy in _likelihoods(document.resps[0] if document.resps else None)
    ]


def _generation_outcomes(
    document: Document, metrics: Mapping[str, Any], run: LmEvalRun, item: Item, tally: Tally
) -> list[dict[str, Any]]:
    texts = document.resps[0] if document.resps else []
    if not is_texts(texts):
        raise ValueError("resps[0] is not a list of completions")
    extracted = None if run.chosen.is_trivial else extract(texts, run.chosen)
    scores = _scores(document, metrics, run, extracted if extracted is not None else texts)
    if None in scores[1:]:
        tally.n_unscored += 1
    outcomes: list[dict[str, Any]] = []
    for position, text in enumerate(texts):
        answer = None if extracted is None else extracted[position]
        index, parsed = None, answer != INVALID
        if item.choices is not None:
            index = _chosen(text if answer is None else answer, item.choices)
            answer, parsed = None if index is None else answers.option_letter(index), index is not None
        outcomes.append(
            {
                "status": "ok" if parsed else "format_failure",
                "choice_index": index,
                "score": scores[position],
                "completion": clip(text, 10_000_000),
                "answer": clip(answer, 10_000) if answer and parsed else None,
            }
        )
    return outcomes


def _chosen(text: str, choices: list[str]) -> int | None:
    index = answers.parse_letter(text, len(choices))
    if index is None:
        same = [position for position, choice in enumerate(choices) if choice.strip() == text.strip()]
        index = same[0] if len(same) == 1 else None
    return index


def _scores(document: Document, metrics: Mapping[str, Any], run: LmEvalRun, given: list[str]) -> list[float | None]:
    """A score for each repeat, held against the harness's own score of the first one.

    Where the two differ (a metric or a filter that is not known here), only the harness's score of the first repeat is
    kept, and only if the filter scored that repeat alone.
    """
    told = next(
        (float(metrics[name]) for name in ("exact_match", *document.metrics) if _is_unit(metrics.get(name))), None
    )
    options = exact_match_options(run.config)
    if options is not None and document.target is not None:
        scores = exact_matches(given, str(document.target), options)
        if scores and (scores[0] == told or not run.chosen.is_per_repeat):
            return list(scores)
    first = told if run.chosen.is_per_repeat or len(given) == 1 else None
    return [first, *[None] * (len(given) - 1)] if given else []


def _is_unit(value: Any) -> bool:
    return isinstance(value, int | float) and 0 <= value <= 1
