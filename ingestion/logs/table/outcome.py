"""What became of a sample: its answer, score, status and unit tests, as the mapping says. Counts what is not scored."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass
from typing import Any

from ingestion import answers
from ingestion.logs.table.answers import (
    answer_kind,
    is_same,
    option_index,
    stated_probabilities,
    test_names,
    test_outcomes,
)
from ingestion.logs.table.fields import Fields, one_text
from ingestion.logs.table.mapping import Mapping
from ingestion.logs.table.values import as_number, as_score, as_verdict, is_nan
from ingestion.reasoning_text import CUT_OFF, split_reasoning
from ingestion.text import clip
from warehouse.schemas import SAMPLE_STATUSES

_LONGEST_TEXT = 10_000_000
_TEXTS = {"completion": _LONGEST_TEXT, "reasoning": _LONGEST_TEXT, "finish_reason": 100, "served_model": 500}


@dataclass(frozen=True, slots=True)
class _Read:
    index: int | None = None
    probabilities: list[float] | None = None
    answer: str | None = None
    score: float | None = None
    is_read: bool = False


class Outcomes:
    """Reads outcomes of rows of one file.

    Args:
        mapping: which field is what.
        fields: looks them up.
    """

    def __init__(self, mapping: Mapping, fields: Fields) -> None:
        self._mapping = mapping
        self._fields = fields
        self.grades_off_scale: list[float] = []
        """Scores that are not from 0 to 1 although the mapping names no scale."""
        self.n_samples = 0
        self.unscored: Counter[tuple[str, str]] = Counter()
        """How many samples have no score, by task and reason."""

    def outcome(self, row: AbstractMapping[str, Any], item: AbstractMapping[str, Any]) -> dict[str, Any]:
        """The columns of a sample that say what was answered and how good it was.

        Raises:
            ValueError: if a value is not what it should be; the message names the entry of the mapping.
        """
        texts = {name: self._fields.text(row, name, longest) for name, longest in _TEXTS.items()}
        completion = split_reasoning(texts["completion"] or "")
        said = split_reasoning(self._fields.text(row, "answer", _LONGEST_TEXT) or "") if self._mapping.answer else None
        is_cut_off = completion.is_cut_off or (said is not None and said.is_cut_off)
        read = _Read() if is_cut_off else self._read(row, item, said.text if said else "")
        score = self._score(row) if self._mapping.score else read.score
        status, error = self._status(row, is_read=read.is_read and not is_cut_off)
        if is_cut_off and status == "format_failure":
            error = error or CUT_OFF
            score = None if score is None and item["target_text"] is None else 0.0
        thoughts = (texts["reasoning"], completion.reasoning or (said.reasoning if said else None))
        return {
            **texts,
            "completion": completion.text or (said.text if said else None) or None,
            "reasoning": "\n\n".join(filter(None, thoughts)) or None,
            "status": status,
            "error": error,
            "choice_index": read.index,
            "class_probs": read.probabilities,
            "score": score,
            "answer": read.answer,
        }

    def _read(self, row: AbstractMapping[str, Any], item: AbstractMapping[str, Any], said: str) -> _Read:
        """What the answer names, and its score by the target if there is one."""
        n_choices = item["n_choices"]
        if self._mapping.probabilities:
            probabilities = stated_probabilities(self._fields.get(row, "probabilities"), n_choices)
            told = None if probabilities is None else ", ".join(map(repr, probabilities))
            return _Read(probabilities=probabilities, answer=told, is_read=probabilities is not None)
        if not self._mapping.answer:
            return _Read(is_read=True)
        answer = clip(said, 10_000) or None
        kind = answer_kind(self._mapping.answer, n_choices)
        if n_choices is not None:
            index = None if answer is None else option_index(answer, n_choices, item["choices"], kind)
            letter = None if index is None else answers.option_letter(index)
            score = None if item["target_index"] is None else float(index == item["target_index"])
            return _Read(index=index, answer=letter, score=score, is_read=index is not None)
        is_read = answer is not None and (kind != "number" or as_number(answer) is not None)
        is_right = is_read and item["target_text"] is not None and is_same(answer or "", item["target_text"], kind)
        return _Read(answer=answer, score=None if item["target_text"] is None else float(is_right), is_read=is_read)

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
            passed = as_verdict(outcome)
            if passed is None:
                raise ValueError(f"tests: outcome of {name!r} is {outcome!r}; map it to true or false")
            yield {"test_name": clip(name, 1_000), "kind": kinds.get(name, "other"), "passed": passed}

    def count(self, sample: AbstractMapping[str, Any], item: AbstractMapping[str, Any], *, has_tests: bool) -> None:
        """Count a sample, and why it cannot be judged if it cannot."""
        self.n_samples += 1
        mapping = self._mapping
        if sample["score"] is not None or has_tests or sample["status"] in ("error", "refused"):
            return
        if not (mapping.score or mapping.answer or mapping.probabilities or mapping.tests):
            return  # open-ended answers are not judged
        if mapping.probabilities and item["target_index"] is not None:
            return
        if mapping.score:
            reason = f"{mapping.score.field or 'score'} is empty or NaN"
        else:
            reason = "no outcomes of tests" if mapping.tests else "no target"
        self.unscored[sample["task"], reason] += 1

    def _score(self, row: AbstractMapping[str, Any]) -> float | None:
        given = self._fields.get(row, "score")
        if given in (None, "") or is_nan(given):
            return None
        if isinstance(given, dict | list):
            one_text("score", given)
        scale = self._mapping.score.scale if self._mapping.score else None
        score = as_score(given, scale or (0, 1))
        if score is None and (grade := as_number(given)) is not None:
            if scale is not None:
                raise ValueError(f"score is {given!r}, off the scale from {scale[0]:g} to {scale[1]:g}")
            self.grades_off_scale.append(float(grade))
            raise ValueError(f"score is {given!r}, which is not from 0 to 1")
        if score is None:
            raise ValueError(f"score is {given!r}; it must be a verdict or a number (map: says what a word means)")
        return score

    def _status(self, row: AbstractMapping[str, Any], *, is_read: bool) -> tuple[str, str | None]:
        error = self._fields.text(row, "error", 2_000)
        given = self._fields.text(row, "status", 100)
        if given is not None and given not in SAMPLE_STATUSES:
            raise ValueError(f"status is {given!r}; use map: to make it one of {', '.join(SAMPLE_STATUSES)}")
        if given is None:
            given = "error" if error else "ok"
        return ("format_failure" if given == "ok" and not is_read else given), error
