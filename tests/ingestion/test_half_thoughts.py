"""Fifteen completions, cut off while the model reasoned: no answer is read out of any, whatever wrote the log."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import csv as pa_csv

from ingestion.logs.importer import import_paths
from ingestion.reasoning_text import AT_A_LIMIT, CUT_OFF
from ingestion.sampling.stopping.interval import settings
from tests.ingestion.conftest import rows
from tests.ingestion.inspect_runs import mcq_task, output, run_inspect
from tests.ingestion.test_lm_eval import MATH, document
from tests.ingestion.test_lm_eval import output as lm_eval_output
from tests.ingestion.test_lm_eval_metrics import imported
from tests.ingestion.test_table_shapes import KEYS, lines
from tests.ingestion.test_tables import load
from warehouse.layout import Layout

HALF_THOUGHTS = [f"<think>It may be {'ABC'[n % 3]}.\nANSWER: {'ABC'[n % 3]}\n#### {n}" for n in range(15)]


def told_of(layout: Layout) -> set[tuple[str, str | None, int | None, str | None]]:
    samples = rows(layout, "samples")
    assert len(samples) == 15
    return {(row["status"], row["error"], row["choice_index"], row["answer"]) for row in samples}


NO_ANSWER = {("format_failure", "cut off while reasoning", None, None)}


@pytest.mark.parametrize("way", ["inline", "apart"])
def test_inspect(tmp_path: Path, layout: Layout, way: str) -> None:
    inline = [output(text, stop_reason="max_tokens") for text in HALF_THOUGHTS]
    apart = [output("", reasoning=text.removeprefix("<think>"), stop_reason="max_tokens") for text in HALF_THOUGHTS]
    imported(layout, run_inspect(tmp_path, mcq_task({"q": inline if way == "inline" else apart})))
    assert told_of(layout) == NO_ANSWER


def test_lm_eval(tmp_path: Path, layout: Layout) -> None:
    imported(layout, lm_eval_output(tmp_path, [document(1, HALF_THOUGHTS, exact_match=0.0)], MATH))
    assert told_of(layout) == NO_ANSWER


WIDE = """task: {value: quiz}
model: {value: m}
item: q
n_choices: {value: 4}
target: {value: B}
each: {columns: '(?P<name>said|thought|ended|letter)_(?P<key>\\d+)'}
"""


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet", "wide.csv"])
@pytest.mark.parametrize("has_completion", [True, False])
def test_a_table_whose_thoughts_are_apart(tmp_path: Path, layout: Layout, suffix: str, has_completion: bool) -> None:
    """Nothing but the thought was written, and a limit was reached; the letter may have been guessed from it."""
    letter = "A" if has_completion else ""
    told = [{"said": "", "thought": text[7:], "ended": "Length", "letter": letter} for text in HALF_THOUGHTS]
    names = {"answer": "letter", "reasoning": "thought", "finish_reason": "ended"}
    names |= {"completion": "said"} if has_completion else {}
    if suffix == "wide.csv":
        told = [{f"{name}_{n}": value for n, row in enumerate(told) for name, value in row.items()}]
        mapping = WIDE + "".join(f"{entry}: each.{name}\n" for entry, name in names.items())
    else:
        mapping = KEYS + "item: q\nn_choices: {value: 4}\ntarget: {value: B}\n"
        mapping += "".join(f"{entry}: {name}\n" for entry, name in names.items())
    path, mapping_path = tmp_path / f"k.{suffix}", tmp_path / "k.yaml"
    mapping_path.write_text(mapping)
    write_table([{"q": "a"} | row for row in told], path)
    assert not import_paths([path], layout, mapping=mapping_path).has_refused
    assert told_of(layout) == NO_ANSWER
    assert {row["score"] for row in rows(layout, "samples")} == {0.0}


def write_table(content: list[dict[str, str]], path: Path) -> None:
    if path.suffix == ".jsonl":
        path.write_text(lines(content))
        return
    table = pa.Table.from_pylist(content)
    pq.write_table(table, path) if path.suffix == ".parquet" else pa_csv.write_csv(table, path)


@pytest.mark.parametrize(
    ("row", "status"),
    [
        ({"said": "", "thought": "It is", "ended": "stop"}, "format_failure"),
        ({"said": "ANSWER: B", "thought": "It is", "ended": "length"}, "ok"),
        ({"said": "", "thought": "", "ended": "length"}, "format_failure"),
        ({"said": "", "thought": "", "ended": "max_tokens", "tokens": 7}, "cut off"),
        ({"said": "<think>B</think>\n", "thought": "", "ended": "max_tokens"}, "cut off"),
    ],
)
def test_what_is_cut_off_while_reasoning(tmp_path: Path, layout: Layout, row: dict[str, str], status: str) -> None:
    mapping = KEYS + "item: q\nn_choices: {value: 4}\ntarget: {value: B}\nanswer: said\nreasoning: thought\n"
    mapping += "finish_reason: ended\nreasoning_tokens: {field: tokens, optional: true}\n"
    load(layout, tmp_path, lines([{"q": "a"} | row]), mapping, "k.jsonl")
    ((found, error),) = [(sample["status"], sample["error"]) for sample in rows(layout, "samples")]
    assert (found, error) == (("format_failure", CUT_OFF) if status == "cut off" else (status, None))


def test_limits_are_the_ones_of_the_tables() -> None:
    assert frozenset(settings()["cut_off_reasons"]) == AT_A_LIMIT


def test_table(tmp_path: Path, layout: Layout) -> None:
    table = lines([{"q": "a", "said": text} for text in HALF_THOUGHTS])
    load(
        layout, tmp_path, table, KEYS + "item: q\nn_choices: {value: 4}\ntarget: {value: B}\nanswer: said\n", "k.jsonl"
    )
    assert told_of(layout) == NO_ANSWER
