"""One row of a mapped table as rows of the raw contract. Pure: a dictionary in, dictionaries out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from collections.abc import Mapping as AbstractMapping
from typing import Any

from ingestion import answers
from ingestion.conditions import integer, settings_row
from ingestion.logs.records import Row
from ingestion.logs.table.answers import answer_kind, chosen_option, options_of
from ingestion.logs.table.fields import Fields
from ingestion.logs.table.graders import GradedSamples
from ingestion.logs.table.mapping import Mapping
from ingestion.logs.table.outcome import Outcomes
from ingestion.logs.table.paths import plain_text
from ingestion.logs.table.values import as_integer, as_moment, as_number
from warehouse.keys import answer_key_id, canonical_json, sample_id

_INTEGERS = ("input_tokens", "output_tokens", "reasoning_tokens", "n_actions")
_NUMBERS = ("latency_s", "cost_usd")
_MAX_CHOICES = 10_000


class RowReader:
    """Reads the rows of one file; remembers what is told once (items, conditions) and counts epochs.

    Args:
        mapping: which field is what.
        fields: looks its entries up.
        outcomes: reads what became of a sample.
        run_id: stands for the run where the mapping names none and epochs are counted.
    """

    def __init__(self, mapping: Mapping, fields: Fields, outcomes: Outcomes, run_id: str) -> None:
        self._mapping = mapping
        self._run_id = run_id
        self._fields = fields
        self._outcomes = outcomes
        self._conditions: dict[str, dict[str, Any]] = {}
        self._told: set[tuple[str, ...]] = set()
        self._epochs: dict[tuple[str, ...], int] = {}
        self._seen: set[str] = set()
        self.graded = GradedSamples(fields, outcomes) if mapping.grader else None
        self.models: set[str] = set()
        self.tasks: set[str] = set()

    def rows(self, row: AbstractMapping[str, Any]) -> Iterator[Row]:
        """The row's model, condition and item where they are new, its sample, and its unit tests and grade.

        Where rows are of several graders, a sample waits for the grader that all samples are scored by; see `rest`.

        Raises:
            ValueError: if a value is missing or not what it should be; the message names the entry of the mapping.
        """
        keys = {name: self._fields.key(row, name) for name in ("task", "model", "item")}
        condition = self._condition(row)
        item = self._item(row)
        answer_key = answer_key_id(item["choices"], item["target_text"])
        context_id = "none" if self._fields.text(row, "context", 1) is None else self._fields.key(row, "context")
        run = self._fields.text(row, "run", 500)
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
        if new_id in self._seen and self.graded is None:
            raise ValueError(f"epoch {epoch} of item {keys['item']!r} occurs more than once; map run or epoch apart")
        outcome, unscored = self._outcomes.outcome(row, item)
        sample = key | {
            "sample_id": new_id,
            "answer_key_id": answer_key,
            "source_ref": source_ref,
            "run_id": run or self._run_id,
            "run_status": "success",
            "temperature": condition["temperature"],
            **outcome,
            **self._measures(row),
        }
        told = [Row("samples", sample, unscored)]
        told += [
            Row("test_outcomes", {"sample_id": new_id, "task": keys["task"], **test})
            for test in self._outcomes.tests(row)
        ]
        if self.graded is not None:
            told = self.graded.take(row, told)
        self._seen.add(new_id)
        self.models.add(keys["model"])
        self.tasks.add(keys["task"])
        if self._is_new("model", keys["model"]):
            yield Row("models", {"model_id": keys["model"], "is_simulated": False})
        if self._is_new("condition", condition["condition_id"]):
            yield Row("conditions", condition)
        if self._is_new("item", keys["task"], keys["item"], answer_key):
            yield Row("items", {"task": keys["task"], "item_id": keys["item"], "answer_key_id": answer_key, **item})
        yield from told

    def rest(self) -> Iterator[Row]:
        """Samples that waited in vain for the grader that all are scored by; known when the last row was read."""
        return iter(()) if self.graded is None else self.graded.rest()

    def _is_new(self, *key: str) -> bool:
        is_new = key not in self._told
        self._told.add(key)
        return is_new

    def _condition(self, row: AbstractMapping[str, Any]) -> dict[str, Any]:
        entries = self._mapping.condition.items()
        settings = {name: _plain(self._fields.get(row, f"condition.{name}", value)) for name, value in entries}
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
        found = self._fields.get(row, "epoch")
        epoch = as_integer(found)
        if epoch is None or not 1 <= epoch < 2**31:
            raise ValueError(f"epoch is {found!r}; it counts from 1 (where it counts from 0, write add: 1)")
        return epoch

    def _item(self, row: AbstractMapping[str, Any]) -> dict[str, Any]:
        choices = options_of(self._fields.get(row, "choices"))
        n_choices = len(choices) if choices is not None else as_integer(self._fields.get(row, "n_choices"))
        if n_choices is not None and not 2 <= n_choices <= _MAX_CHOICES:
            raise ValueError(f"n_choices is {n_choices}; it must be from 2 to {_MAX_CHOICES}")
        text = self._fields.text(row, "target", 10_000)
        index = None
        if text is not None and n_choices is not None:
            kind = answer_kind(self._mapping.target, n_choices)
            index = chosen_option(text, n_choices, choices, kind).index
            if index is None:
                raise ValueError(f"target is {text!r}, which is none of the {n_choices} options (see as:)")
            text = choices[index] if choices is not None else answers.option_letter(index)
        labels = {name: self._fields.text(row, name, 500) for name in ("subset", "subject", "human_difficulty")}
        return {
            **labels,
            "question": self._fields.text(row, "question", 1_000_000),
            "choices": choices,
            "n_choices": n_choices,
            "target_index": index,
            "target_text": text,
        }

    def _measures(self, row: AbstractMapping[str, Any]) -> dict[str, Any]:
        measures: dict[str, Any] = {}
        for name in _INTEGERS:
            measures[name] = self._measure(name, self._fields.get(row, name), whole=True)
        for name in _NUMBERS:
            measures[name] = self._measure(name, self._fields.get(row, name), whole=False)
        seed = as_integer(self._fields.get(row, "seed"))
        moment = as_moment(self._fields.get(row, "created_at"))
        return measures | {"seed": seed, "created_at": moment}

    def _measure(self, name: str, given: Any, *, whole: bool) -> float | int | None:
        if given is None or given == "":
            return None
        found = as_integer(given) if whole else as_number(given)
        bound = 2**31 if name == "n_actions" else 2**63
        if found is None or not 0 <= found < bound:
            raise ValueError(f"{name} is {given!r}; it must be a {'whole ' if whole else ''}number from 0")
        return found if whole else float(found)


def _plain(value: Any) -> Any:
    """A value as JSON: what Parquet holds besides becomes text."""
    if isinstance(value, dict):
        return {str(name): _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, str | int | float | bool | None) else plain_text(value)
