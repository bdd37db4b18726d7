"""What became of a sample: its answer, score, status and unit tests, as the mapping says. Counts what is not scored."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from collections.abc import Mapping as AbstractMapping
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
from ingestion.text import clip
from warehouse.schemas import SAMPLE_STATUSES

_TEXTS = {"completion": 10_000_000, "reasoning": 10_000_000, "finish_reason": 100, "served_model": 500}


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
        index, probabilities = None, None
        answer = self._fields.text(row, "answer", 10_000)
        parsed, score = True, None
        if self._mapping.probabilities:
            given = self._fields.get(row, "probabilities")
            probabilities = stated_probabilities(given, item["n_choices"])
            parsed = probabilities is not None
            answer = None if probabilities is None else ", ".join(map(repr, probabilities))
        elif self._mapping.answer and item["n_choices"] is not None:
            kind = answer_kind(self._mapping.answer, item["n_choices"])
            index = None if answer is None else option_index(answer, item["n_choices"], item["choices"], kind)
            parsed = index is not None
            answer = None if index is None else answers.option_letter(index)
            score = None if item["target_index"] is None else float(index == item["target_index"])
        elif self._mapping.answer:
            kind = answer_kind(self._mapping.answer, None)
            parsed = answer is not None and (kind != "number" or as_number(answer) is not None)
            if item["target_text"] is not None:
                score = float(parsed and is_same(answer or "", item["target_text"], kind))
        if self._mapping.score:
            score = self._score(row)
        status, error = self._status(row, parsed=parsed)
        texts = {name: self._fields.text(row, name, longest) for name, longest in _TEXTS.items()}
        said = self._fields.text(row, "answer", 10_000) if self._mapping.answer else None
        return {
            **texts,
            "completion": texts["completion"] or said,
            "status": status,
            "error": error,
            "choice_index": index,
            "class_probs": probabilities,
            "score": score,
            "answer": answer,
        }

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

    def _status(self, row: AbstractMapping[str, Any], *, parsed: bool) -> tuple[str, str | None]:
        error = self._fields.text(row, "error", 2_000)
        given = self._fields.text(row, "status", 100)
        if given is not None and given not in SAMPLE_STATUSES:
            raise ValueError(f"status is {given!r}; use map: to make it one of {', '.join(SAMPLE_STATUSES)}")
        if given is None:
            given = "error" if error else "ok"
        return ("format_failure" if given == "ok" and not parsed else given), error
