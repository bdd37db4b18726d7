"""What each repeat of a document answered, and its score, by the kind of request. Pure.

The harness scores only the first repeat. The others are scored in the same way where the way is known: each way that
may be the task's is held against the harness's own value for the first repeat, and counts only if it gives that.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ingestion import answers
from ingestion.logs.lm_eval.document import Document, Item, is_texts
from ingestion.logs.lm_eval.filters import INVALID, exact_match_options, exact_matches, extract
from ingestion.logs.lm_eval.metric import Metric
from ingestion.logs.lm_eval.run import LmEvalRun
from ingestion.logs.lm_eval.targets import by_verdict
from ingestion.reasoning_text import CUT_OFF, split_reasoning
from ingestion.text import clip
from ingestion.verdicts import Grade

_FIRST_ALONE = "the harness scored the first repeat alone, in a way that cannot be applied to the others here"
_OVER_REPEATS = "metric {name!r} is one number over all repeats, and no score of any of them"
_CLOSE = 1e-6


@dataclass(frozen=True)
class Outcome:
    """One repeat: its columns, and why it has no score."""

    values: dict[str, Any]
    unscored: str | None = None


def continuation_outcomes(document: Document, line: Mapping[str, Any], metric: Metric) -> list[Outcome]:
    """Whether each repeat would have written the wanted continuation: the harness's `acc` of such tasks."""
    repeats = _likelihoods(document.resps[0] if document.resps else None)
    grades = _held(line, metric, [[float(is_greedy) for _, is_greedy in repeats]], len(repeats))
    return [
        Outcome({"status": "ok", "score": grade.score, "answer": str(is_greedy)}, grade.unscored)
        for (_, is_greedy), grade in zip(repeats, grades, strict=True)
    ]


def choice_outcomes(
    document: Document, line: Mapping[str, Any], item: Item, metric: Metric
) -> tuple[Item, list[Outcome], bool]:
    """Each repeat's probabilities: softmax over the options' log-probabilities, not normalised by length.

    Returns:
        The item, its right option judged by the harness's verdict where the document does not say it rightly; the
        outcomes; and whether the harness's verdict contradicts the document's target.
    """
    n_choices = len(item.choices or [])
    by_choice = [[value for value, _ in _likelihoods(resps)] for resps in document.resps[:n_choices]]
    if len({len(values) for values in by_choice}) != 1:
        raise ValueError("resps holds different numbers of repeats for the options of one question")
    repeats = [_softmax(logs) for logs in zip(*by_choice, strict=True)]
    item, contradicts = _judged(item, repeats, line)
    ways: list[list[float]] = []
    right = (item.target_index,) if item.target_index is not None else item.several_right
    if right:
        ways = [
            [float(probs is not None and _best(probs) in right) for probs in repeats],
            [0.0 if probs is None else sum(probs[index] for index in right) for probs in repeats],
        ]
    if item.target_index is not None:  # a class is decomposed whatever the metric is, and its score is its hit
        grades = [Grade(hit) for hit in ways[0]]
    else:
        grades = _held(line, metric, ways, len(repeats))
    outcomes = []
    for position, (probs, grade) in enumerate(zip(repeats, grades, strict=True)):
        if probs is None:
            told = [values[position] for values in by_choice]
            outcomes.append(Outcome({"status": "error", "error": f"log-probabilities {told} are no distribution"}))
            continue
        values = {"status": "ok", "class_probs": probs, "answer": answers.option_letter(_best(probs))}
        outcomes.append(Outcome(values | {"score": grade.score}, grade.unscored))
    return item, outcomes, contradicts


def _judged(item: Item, repeats: Sequence[list[float] | None], line: Mapping[str, Any]) -> tuple[Item, bool]:
    """The item with the right option that fits the harness's `acc` of the first repeat."""
    acc, first = line.get("acc"), repeats[0] if repeats else None
    if acc not in (0, 1) or first is None or item.several_right:
        return item, False
    best = _best(first)
    if item.target_index is not None and (best == item.target_index) == bool(acc):
        return item, False
    found = by_verdict(best, bool(acc), len(first)) if len(first) == 2 else None
    return replace(item, target_index=found), item.target_index is not None


def generation_outcomes(
    document: Document, line: Mapping[str, Any], run: LmEvalRun, item: Item, metric: Metric
) -> list[Outcome]:
    """Each completion, with what the task's filter makes of it, and its option where the item has some."""
    texts = document.resps[0] if document.resps else []
    if not is_texts(texts):
        raise ValueError("resps[0] is not a list of completions")
    words = [split_reasoning(text) for text in texts]
    extracted = None if run.chosen.is_trivial else extract(texts, run.chosen)
    grades = _generation_grades(document, line, run, metric, extracted if extracted is not None else texts)
    if extracted is not None and any(word.reasoning for word in words):
        extracted = extract([word.text for word in words], run.chosen)
    outcomes = []
    for position, (word, grade) in enumerate(zip(words, grades, strict=True)):
        answer = None if extracted is None else extracted[position]
        index, failure = None, "no match" if answer == INVALID else None
        if item.choices is not None:
            chosen = answers.read_option(word.text if answer is None else answer, len(item.choices), item.choices)
            index, failure = chosen.index, chosen.failure
            answer = None if index is None else answers.option_letter(index)
        if word.is_cut_off:
            index, answer, failure = None, None, CUT_OFF
        is_named = failure in (CUT_OFF, answers.SEVERAL)
        values = {
            "status": "ok" if failure is None else "format_failure",
            "error": failure if is_named else None,
            "choice_index": index,
            "score": 0.0 if is_named and grade.score is not None else grade.score,
            "completion": clip(word.text, 10_000_000),
            "reasoning": clip(word.reasoning, 10_000_000) if word.reasoning else None,
            "answer": clip(answer, 10_000) if answer and failure is None else None,
        }
        outcomes.append(Outcome(values, grade.unscored))
    return outcomes


def _generation_grades(
    document: Document, line: Mapping[str, Any], run: LmEvalRun, metric: Metric, given: list[str]
) -> list[Grade]:
    ways: list[list[float]] = []
    options = exact_match_options(run.config)
    if options is not None and document.target is not None and metric.name in ("exact_match", None):
        scores = exact_matches(given, str(document.target), options)
        ways = [scores] if scores else []
    if ways and not run.chosen.is_per_repeat:
        return [metric.grade(score) for score in ways[0]]
    if metric.is_over_repeats(document.filtered_resps, len(given)) or (not run.chosen.is_per_repeat and len(given) > 1):
        return [Grade(None, _OVER_REPEATS.format(name=metric.name))] * len(given)
    return _held(line, metric, ways, len(given))


def _held(line: Mapping[str, Any], metric: Metric, ways: Sequence[list[float]], n_repeats: int) -> list[Grade]:
    """A grade for each repeat by the first way that gives the harness's own value for the first repeat."""
    told = metric.value(line)
    if isinstance(told, bool | int | float):
        for way in ways:
            if way and math.isclose(way[0], told, rel_tol=_CLOSE, abs_tol=_CLOSE):
                return [metric.grade(told if position == 0 else value) for position, value in enumerate(way)]
    elif metric.name is None and ways:
        return [Grade(value) for value in ways[0]]
    return [metric.grade(told), *[Grade(None, _FIRST_ALONE)] * (n_repeats - 1)] if n_repeats else []


def _softmax(logs: Sequence[float]) -> list[float] | None:
    if any(math.isnan(value) for value in logs) or max(logs) == -math.inf:
        return None
    weights = [math.exp(value - max(logs)) for value in logs]
    return [weight / sum(weights) for weight in weights]


def _best(probabilities: Sequence[float]) -> int:
    return probabilities.index(max(probabilities))


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
