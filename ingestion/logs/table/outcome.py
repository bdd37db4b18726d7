"""What became of a sample: its answer, score, status and unit tests, as the mapping says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ingestion import answers
from ingestion.logs.table.answers import (
    answer_kind,
    chosen_option,
    is_list,
    is_same,
    plain_number,
    stated_probabilities,
    test_names,
    test_outcomes,
)
from ingestion.logs.table.fields import Fields, one_text
from ingestion.logs.table.mapping import Mapping
from ingestion.logs.table.values import as_integer, as_number
from ingestion.reasoning_text import CUT_OFF, FinalWord, final_word
from ingestion.text import clip
from ingestion.verdicts import Grade, Grades, Scale, has_passed
from warehouse.schemas import SAMPLE_STATUSES

_LONGEST_TEXT = 10_000_000
_TEXTS = {
    "completion": _LONGEST_TEXT,
    "reasoning": _LONGEST_TEXT,
    "finish_reason": 100,
    "served_model": 500,
    "system_fingerprint": 500,
}


@dataclass(frozen=True, slots=True)
class _Read:
    index: int | None = None
    probabilities: list[float] | None = None
    answer: str | None = None
    score: float | None = None
    failure: str | None = None
    """Why nothing was read."""


class Outcomes:
    """Reads outcomes of rows of one file.

    Args:
        mapping: which field is what.
        fields: looks them up.
    """

    def __init__(self, mapping: Mapping, fields: Fields) -> None:
        self._mapping = mapping
        self._fields = fields
        scale = mapping.score.scale if mapping.score else None
        field = (mapping.score.field if mapping.score else None) or "FIELD"
        self._grades = Grades(
            scale=Scale(*scale) if scale else None,
            ask_scale=f"say it in the mapping, worst and best: score: {{field: {field}, scale: [1, 10]}}, or say which "
            "number is no grade: map: {'-1': null}",
            ask_words=f"say so in the mapping: score: {{field: {field}, map: {{A: 1, B: 0}}}}",
        )
        self.n_samples = 0
        self._n_same_number = 0

    @property
    def misfit(self) -> str | None:
        """Why the scores of the file are no graded outcomes after all; known when its last row was read."""
        return self._grades.withdrawn

    def notices(self) -> Iterator[str]:
        """What a person must know of the answers; known when the last row was read."""
        if self._n_same_number:
            yield (
                f"{self._n_same_number:,} answers that are held against their target as texts are the same number "
                "otherwise written, and count as wrong: write answer: {field: …, as: number}"
            )

    def outcome(
        self, row: AbstractMapping[str, Any], item: AbstractMapping[str, Any]
    ) -> tuple[dict[str, Any], str | None]:
        """The columns of a sample that say what was answered and how good it was; and why it has no score.

        Raises:
            ValueError: if a value is not what it should be; the message names the entry of the mapping.
        """
        texts = {name: self._fields.text(row, name, longest) for name, longest in _TEXTS.items()}
        completion, said = self._words(row, texts)
        is_cut_off = completion.is_cut_off or said.is_cut_off
        read = _Read(failure=CUT_OFF) if is_cut_off else self._read(row, item, said.text)
        grade = self.grade(row) if self._mapping.score else Grade(read.score)
        score = grade.score
        status, error = self._status(row, read.failure)
        if is_cut_off and status == "format_failure" and (score is not None or item["target_text"] is not None):
            score = 0.0
        self.n_samples += 1
        thoughts = (texts["reasoning"], completion.reasoning or said.reasoning)
        return {
            **texts,
            "completion": completion.text or said.text or None,
            "reasoning": "\n\n".join(filter(None, thoughts)) or None,
            "status": status,
            "error": error,
            "choice_index": read.index,
            "class_probs": read.probabilities,
            "score": score,
            "answer": read.answer,
        }, grade.unscored

    def _words(
        self, row: AbstractMapping[str, Any], texts: AbstractMapping[str, str | None]
    ) -> tuple[FinalWord, FinalWord]:
        """Final words of the completion and of the answer; of two, the first says whether it was cut off."""
        said = (self._fields.text(row, "answer", _LONGEST_TEXT) or "") if self._mapping.answer else ""
        has_reasoned = bool(texts["reasoning"] or as_integer(self._fields.get(row, "reasoning_tokens")))
        ended = texts["finish_reason"]
        of_completion = ended if self._mapping.completion else None
        of_answer = ended if self._mapping.answer and not self._mapping.completion else None
        return (
            final_word(texts["completion"] or "", finish_reason=of_completion, has_reasoned=has_reasoned),
            final_word(said, finish_reason=of_answer, has_reasoned=has_reasoned),
        )

    def _read(self, row: AbstractMapping[str, Any], item: AbstractMapping[str, Any], said: str) -> _Read:
        """What the answer names, and its score by the target if there is one."""
        n_choices = item["n_choices"]
        if self._mapping.probabilities:
            probabilities = stated_probabilities(self._fields.get(row, "probabilities"), n_choices)
            told = None if probabilities is None else ", ".join(map(repr, probabilities))
            return _Read(probabilities=probabilities, answer=told, failure=answers.NONE if told is None else None)
        if not self._mapping.answer:
            return _Read()
        answer = clip(said, 10_000) or None
        kind = answer_kind(self._mapping.answer, n_choices)
        if n_choices is not None:
            chosen = chosen_option(answer or "", n_choices, item["choices"], kind)
            letter = None if chosen.index is None else answers.option_letter(chosen.index)
            score = None if item["target_index"] is None else float(chosen.index == item["target_index"])
            return _Read(index=chosen.index, answer=letter, score=score, failure=chosen.failure)
        is_read = answer is not None and (kind != "number" or as_number(answer) is not None)
        target = item["target_text"]
        if target is not None and answer is not None and is_list(answer) and not is_list(target):
            raise ValueError("answer is a list of values and a sample has one; make a sample of each (each: …)")
        is_right = is_read and target is not None and is_same(answer or "", target, kind)
        if target is not None and kind == "text" and not is_right:
            self._n_same_number += is_same(plain_number(answer or ""), target, "number")
        score = None if target is None else float(is_right)
        return _Read(answer=answer, score=score, failure=None if is_read else answers.NONE)

    def tests(self, row: AbstractMapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The unit tests of a sample, without its key.

        Raises:
            ValueError: if an outcome is no verdict.
        """
        entry = self._mapping.tests
        given = self._fields.get(row, "tests")
        if entry is None or given is None:
            return
        if isinstance(given, str):
            given = json.loads(given)
        kinds = {name: kind for kind in ("pass_to_pass", "fail_to_pass") for name in test_names(row, entry, kind)}
        for name, outcome in test_outcomes(given, entry):
            passed = has_passed(outcome)
            if passed is None:
                raise ValueError(f"tests: outcome of {name!r} is {outcome!r}; map it to true or false")
            yield {"test_name": clip(name, 1_000), "kind": kinds.get(name, "other"), "passed": passed}

    def grade(self, row: AbstractMapping[str, Any]) -> Grade:
        """What `score` says, as a graded outcome.

        Raises:
            ValueError: if it holds several values.
        """
        given = self._fields.get(row, "score")
        if isinstance(given, dict | list):
            one_text("score", given)
        return self._grades.of(float(given) if isinstance(given, Decimal) else given)

    def _status(self, row: AbstractMapping[str, Any], failure: str | None) -> tuple[str, str | None]:
        error = self._fields.text(row, "error", 2_000)
        given = self._fields.text(row, "status", 100)
        if given is not None and given not in SAMPLE_STATUSES:
            raise ValueError(f"status is {given!r}; use map: to make it one of {', '.join(SAMPLE_STATUSES)}")
        if given is None:
            given = "error" if error else "ok"
        if given != "ok" or failure is None:
            return given, error
        return "format_failure", error or (failure if failure in (CUT_OFF, answers.SEVERAL) else None)
