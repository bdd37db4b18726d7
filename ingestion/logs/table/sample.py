"""One row of a mapped table as rows of the raw contract. Pure: a dictionary in, dictionaries out."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from collections.abc import Mapping as AbstractMapping
from typing import Any

from ingestion import answers
from ingestion.conditions import integer, settings_row
from ingestion.logs.records import Row
from ingestion.logs.table.answers import (
    answer_kind,
    is_same,
    option_index,
    options_of,
    stated_probabilities,
    test_names,
    test_outcomes,
)
from ingestion.logs.table.mapping import Mapping, Value
from ingestion.logs.table.paths import MISSING
from ingestion.logs.table.values import (
    as_integer,
    as_moment,
    as_number,
    as_score,
    as_text,
    as_verdict,
    evaluate,
)
from ingestion.text import clip
from warehouse.keys import answer_key_id, canonical_json, sample_id
from warehouse.schemas import SAMPLE_STATUSES

_INTEGERS = ("input_tokens", "output_tokens", "reasoning_tokens", "n_actions")
_NUMBERS = ("latency_s", "cost_usd")
_TEXTS = {"completion": 10_000_000, "reasoning": 10_000_000, "finish_reason": 100, "served_model": 500}
_MAX_CHOICES = 10_000


class RowReader:
    """Reads the rows of one file; remembers what is told once (items, conditions) and counts epochs.

    Args:
        mapping: which field is what.
        file_name: name of the file.
        run_id: stands for the run where the mapping names none and epochs are counted.
    """

    def __init__(self, mapping: Mapping, file_name: str, run_id: str) -> None:
        self._mapping = mapping
        self._file_name = file_name
        self._run_id = run_id
        self._conditions: dict[str, dict[str, Any]] = {}
        self._told: set[tuple[str, ...]] = set()
        self._epochs: dict[tuple[str, ...], int] = {}
        self._seen: set[str] = set()
        self.absent = {name for name, value in _fields(mapping) if value.field is not None}
        """Entries of the mapping whose field was in no row so far."""
        self.models: set[str] = set()
        self.tasks: set[str] = set()

    def rows(self, row: AbstractMapping[str, Any]) -> Iterator[Row]:
        """The row's model, condition and item where they are new, its sample, and its unit tests.

        Raises:
            ValueError: if a value is missing or not what it should be; the message names the entry of the mapping.
        """
        keys = {name: self._key(row, name) for name in ("task", "model", "item")}
        condition = self._condition(row)
        item = self._item(row)
        answer_key = answer_key_id(item["choices"], item["target_text"])
        context_id = self._text(row, "context", 1_000) or "none"
        run = self._text(row, "run", 500)
        epoch = self._epoch(row, (*keys.values(), condition["condition_id"], context_id, run or ""))
        key = {
            "task": keys["task"],
            "model_id": keys["model"],
            "condition_id": condition["condition_id"],
            "item_id": keys["item"],
            "context_id": context_id,
            "epoch": epoch,
        }
        # A later, longer export of one table replaces the earlier one where rows name their epoch; where epochs are
        # counted, equal epochs of two files are two samples.
        source_ref = run or (None if self._mapping.epoch else self._run_id)
        new_id = sample_id(**key, source="table", source_ref=source_ref)
        if new_id in self._seen:
            raise ValueError(f"epoch {epoch} of item {keys['item']!r} occurs more than once; map run or epoch apart")
        sample = key | {
            "sample_id": new_id,
            "answer_key_id": answer_key,
            "source_ref": source_ref,
            "run_id": run or self._run_id,
            "run_status": "success",
            "temperature": condition["temperature"],
            **self._outcome(row, item),
            **self._measures(row),
        }
        tests = list(self._tests(row))
        self._seen.add(new_id)
        self.models.add(keys["model"])
        self.tasks.add(keys["task"])
        if self._is_new("model", keys["model"]):
            yield Row("models", {"model_id": keys["model"], "is_simulated": False})
        if self._is_new("condition", condition["condition_id"]):
            yield Row("conditions", condition)
        if self._is_new("item", keys["task"], keys["item"], answer_key):
            yield Row("items", {"task": keys["task"], "item_id": keys["item"], "answer_key_id": answer_key, **item})
        yield Row("samples", sample)
        for test in tests:
            yield Row("test_outcomes", {"sample_id": new_id, "task": keys["task"], **test})

    def _is_new(self, *key: str) -> bool:
        is_new = key not in self._told
        self._told.add(key)
        return is_new

    def _get(self, row: AbstractMapping[str, Any], name: str, value: Value | None = None) -> Any:
        value = value if value is not None else getattr(self._mapping, name)
        if value is None:
            return None
        try:
            found = evaluate(value, row, self._file_name)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
        if found is MISSING:
            return None
        self.absent.discard(name)
        return found

    def _text(self, row: AbstractMapping[str, Any], name: str, longest: int) -> str | None:
        found = self._get(row, name)
        if found is None or found == "":
            return None
        text = json.dumps(found, ensure_ascii=False) if isinstance(found, dict | list) else as_text(found)
        return clip(text, longest)

    def _key(self, row: AbstractMapping[str, Any], name: str) -> str:
        text = self._text(row, name, 1_000)
        if text is None:
            raise ValueError(f"{name} is empty; every row needs one")
        return text

    def _condition(self, row: AbstractMapping[str, Any]) -> dict[str, Any]:
        entries = self._mapping.condition.items()
        settings = {name: _plain(self._get(row, f"condition.{name}", value)) for name, value in entries}
        key = canonical_json(settings)
        if key not in self._conditions:
            known = {name: as_number(value) for name, value in settings.items()}
            budgets = {name: settings.get(name) for name in ("reasoning_effort", "reasoning_tokens")}
            whole = {name: as_integer(settings.get(name)) for name in ("top_k", "max_tokens", "n_shots")}
            self._conditions[key] = settings_row(
                self._mapping.prompt_format,
                # Texts of CSV files and numbers of JSON files are one setting.
                {name: settings[name] if known[name] is None else known[name] for name in settings if name != "seed"},
                {**known, **budgets, **whole},
                integer(whole["n_shots"], 2**31),
            )
        return self._conditions[key]

    def _epoch(self, row: AbstractMapping[str, Any], key: tuple[str, ...]) -> int:
        if self._mapping.epoch is None:
            self._epochs[key] = self._epochs.get(key, 0) + 1
            return self._epochs[key]
        found = self._get(row, "epoch")
        epoch = as_integer(found)
        if epoch is None or not 1 <= epoch < 2**31:
            raise ValueError(f"epoch is {found!r}; it counts from 1 (where it counts from 0, write add: 1)")
        return epoch

    def _item(self, row: AbstractMapping[str, Any]) -> dict[str, Any]:
        choices = options_of(self._get(row, "choices"))
        n_choices = len(choices) if choices is not None else as_integer(self._get(row, "n_choices"))
        if n_choices is not None and not 2 <= n_choices <= _MAX_CHOICES:
            raise ValueError(f"n_choices is {n_choices}; it must be from 2 to {_MAX_CHOICES}")
        target = self._get(row, "target")
        index, text = None, None
        if target is not None:
            text = clip(as_text(target), 10_000)
            if n_choices is not None:
                index = option_index(text, n_choices, choices, answer_kind(self._mapping.target, n_choices))
                if index is None:
                    raise ValueError(f"target is {text!r}, which is none of the {n_choices} options (see as:)")
                text = choices[index] if choices is not None else answers.option_letter(index)
        labels = {name: self._text(row, name, 500) for name in ("subset", "subject", "human_difficulty")}
        return {
            **labels,
            "question": self._text(row, "question", 1_000_000),
            "choices": choices,
            "n_choices": n_choices,
            "target_index": index,
            "target_text": text,
        }

    def _outcome(self, row: AbstractMapping[str, Any], item: AbstractMapping[str, Any]) -> dict[str, Any]:
        n_choices, index, probabilities = item["n_choices"], None, None
        answer = self._text(row, "answer", 10_000)
        parsed, score = True, None
        if self._mapping.probabilities:
            probabilities = stated_probabilities(self._get(row, "probabilities"), n_choices)
            parsed = probabilities is not None
            answer = None if probabilities is None else ", ".join(map(repr, probabilities))
        elif self._mapping.answer:
            kind = answer_kind(self._mapping.answer, n_choices)
            if n_choices is not None:
                index = None if answer is None else option_index(answer, n_choices, item["choices"], kind)
                parsed = index is not None
                answer = None if index is None else answers.option_letter(index)
                score = None if item["target_index"] is None else float(index == item["target_index"])
            else:
                parsed = answer is not None and (kind != "number" or as_number(answer) is not None)
                if item["target_text"] is not None:
                    score = float(parsed and is_same(answer or "", item["target_text"], kind))
        if self._mapping.score:
            given = self._get(row, "score")
            score = as_score(given)
            if score is None and given not in (None, ""):
                raise ValueError(f"score is {given!r}; it must be a verdict or from 0 to 1 (per cent: times: 0.01)")
        status, error = self._status(row, parsed=parsed)
        texts = {name: self._text(row, name, longest) for name, longest in _TEXTS.items()}
        return {
            **texts,
            "completion": texts["completion"] or (self._text(row, "answer", 10_000) if self._mapping.answer else None),
            "status": status,
            "error": error,
            "choice_index": index,
            "class_probs": probabilities,
            "score": score,
            "answer": answer,
        }

    def _status(self, row: AbstractMapping[str, Any], *, parsed: bool) -> tuple[str, str | None]:
        error = self._text(row, "error", 2_000)
        given = self._text(row, "status", 100)
        if given is not None and given not in SAMPLE_STATUSES:
            raise ValueError(f"status is {given!r}; use map: to make it one of {', '.join(SAMPLE_STATUSES)}")
        if given is None:
            given = "error" if error else "ok"
        return ("format_failure" if given == "ok" and not parsed else given), error

    def _measures(self, row: AbstractMapping[str, Any]) -> dict[str, Any]:
        measures: dict[str, Any] = {}
        for name in _INTEGERS:
            measures[name] = self._measure(name, self._get(row, name), whole=True)
        for name in _NUMBERS:
            measures[name] = self._measure(name, self._get(row, name), whole=False)
        seed = as_integer(self._get(row, "seed"))
        moment = as_moment(self._get(row, "created_at"))
        return measures | {"seed": seed, "created_at": moment}

    def _measure(self, name: str, given: Any, *, whole: bool) -> float | int | None:
        if given is None or given == "":
            return None
        found = as_integer(given) if whole else as_number(given)
        bound = 2**31 if name == "n_actions" else 2**63
        if found is None or not 0 <= found < bound:
            raise ValueError(f"{name} is {given!r}; it must be a {'whole ' if whole else ''}number from 0")
        return found if whole else float(found)

    def _tests(self, row: AbstractMapping[str, Any]) -> Iterator[dict[str, Any]]:
        entry = self._mapping.tests
        given = self._get(row, "tests")
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


def _fields(mapping: Mapping) -> Iterator[tuple[str, Value]]:
    for name in Mapping.model_fields:
        value = getattr(mapping, name)
        if isinstance(value, Value):
            yield name, value
    yield from ((f"condition.{name}", value) for name, value in mapping.condition.items())


def _plain(value: Any) -> Any:
    """A value as JSON: what Parquet holds besides becomes text."""
    if isinstance(value, dict):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, str | int | float | bool | None) else as_text(value)
