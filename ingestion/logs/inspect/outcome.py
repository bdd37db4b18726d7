"""What a sample of an Inspect log answered, and what became of it. Pure: structs in, a dictionary out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ingestion import answers
from ingestion.logs.inspect.types import Choice, Sample, Score
from ingestion.reasoning_text import CUT_OFF, FinalWord, final_word, split_reasoning
from ingestion.text import clip
from ingestion.verdicts import Grade

LONGEST_ERROR = 2_000
"""Characters of an error message that are kept."""

_NOT_ASKED = answers.Chosen()
_REFUSALS = ("content_filter", "refusal")
_BY_TARGET = frozenset(
    {"match", "includes", "exact", "answer", "pattern", "choice", "f1", "model_graded_qa", "model_graded_fact"}
)
"""Scorers of inspect-ai that hold the answer against the target: right by them is the target, chosen."""


class Asked(NamedTuple):
    """What a sample was asked, as far as it decides how its answer is read.

    Attributes:
        prompt_format: choice, probability or open_ended.
        choices: its options, if any.
        target_index: the right one, if there is exactly one.
        is_shuffled: whether the prompt showed them in another order.
    """

    prompt_format: str
    choices: list[str] | None
    target_index: int | None
    is_shuffled: bool


class Answered(NamedTuple):
    """A completion with what its scorers said.

    Attributes:
        completion: the completion; None if the call gave none.
        text: its text, as the log has it.
        scores: all scores; none of any completion of a call but the first.
        scorer: name of the scorer that is read.
        grade: its score.
    """

    completion: Choice | None
    text: str
    scores: Mapping[str, Score]
    scorer: str | None
    grade: Grade


def outcome(sample: Sample, asked: Asked, answered: Answered) -> dict[str, Any]:
    """The columns of a sample that say what the model answered, and what became of it."""
    word = _final_word(answered)
    stop_reason = answered.completion.stop_reason if answered.completion else None
    score, chosen, class_probs = answered.grade.score, _NOT_ASKED, None
    read = answered.scores.get(answered.scorer or "")
    answer = None if word.is_cut_off or read is None else read.answer
    failure = CUT_OFF if word.is_cut_off else None
    n_choices = len(asked.choices or [])
    if asked.prompt_format == "probability" and n_choices:
        class_probs = answers.parse_probabilities(word.text, n_choices)
        answer = None if class_probs is None else ", ".join(map(repr, class_probs))
        failure = failure or (None if class_probs is not None else "no probabilities")
    elif n_choices and len(sample.targets) <= 1:
        chosen = _NOT_ASKED if word.is_cut_off else _chosen(asked, answered, word)
        answer = None if chosen.index is None else answers.option_letter(chosen.index)
        failure = failure or chosen.failure
    if failure in (CUT_OFF, answers.SEVERAL) and score is not None:
        score = 0.0  # whatever a scorer found in it
    status, error = _status(sample, stop_reason, failure)
    return {
        "status": status,
        "error": error,
        "choice_index": chosen.index,
        "class_probs": class_probs,
        "score": score,
        "completion": clip(word.text, 10_000_000),
        "reasoning": _reasoning(answered.completion, word),
        "answer": clip(answer, 10_000) if answer else None,
        "finish_reason": clip(stop_reason, 100) if stop_reason else None,
    }


def _final_word(answered: Answered) -> FinalWord:
    """The text that counts; none where the limit came while the model, or its server, still told reasoning apart."""
    completion = answered.completion
    if completion is None:
        return split_reasoning(answered.text)
    has_reasoned = bool(completion.message.reasoning_text)
    return final_word(answered.text, finish_reason=completion.stop_reason, has_reasoned=has_reasoned)


def _chosen(asked: Asked, answered: Answered, word: FinalWord) -> answers.Chosen:
    choices = asked.choices or []
    by_letter = answered.scores.get("choice")
    if by_letter is not None and by_letter.answer:
        chosen = answers.submitted_option(by_letter.answer, len(choices))
        if chosen.index is not None or chosen.failure == answers.SEVERAL:
            return chosen
    # The first letter of a shuffled prompt is not the item's: only the scorer could map it back.
    chosen = answers.Chosen(failure=answers.NONE)
    if not (asked.is_shuffled and answered.scores):
        chosen = answers.read_option(word.text, len(choices), choices)
    if chosen.index is None and chosen.failure != answers.SEVERAL and _is_right_by_the_target(answered):
        return answers.Chosen(asked.target_index) if asked.target_index is not None else chosen
    return chosen


def _is_right_by_the_target(answered: Answered) -> bool:
    scorer = (answered.scorer or "").rpartition("/")[2]
    return answered.grade.score == 1.0 and scorer in _BY_TARGET


def _reasoning(completion: Choice | None, word: FinalWord) -> str | None:
    apart = completion.message.reasoning_text if completion else None
    both = f"{apart}\n\n{word.reasoning}" if apart and word.reasoning else apart or word.reasoning
    return clip(both, 10_000_000) if both else None


def _status(sample: Sample, stop_reason: str | None, failure: str | None) -> tuple[str, str | None]:
    invalidation = bytes(sample.invalidation)
    if sample.error is not None:
        return "error", clip(sample.error.message or "failed without a message", LONGEST_ERROR)
    if invalidation and invalidation != b"null":
        return "error", "the log's owner invalidated this sample"
    if sample.limit is not None:
        return "limit", clip(sample.limit.reason or f"{sample.limit.type} limit", LONGEST_ERROR)
    if stop_reason in _REFUSALS:
        return "refused", None
    if failure is None:
        return "ok", None
    return "format_failure", failure if failure in (CUT_OFF, answers.SEVERAL) else None
