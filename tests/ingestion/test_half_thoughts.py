"""Fifteen completions, cut off while the model reasoned: no answer is read out of any, whatever wrote the log."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ingestion.conftest import rows
from tests.ingestion.inspect_runs import mcq_task, output, run_inspect
from tests.ingestion.test_lm_eval import MATH, document
from tests.ingestion.test_lm_eval import output as lm_eval_output
from tests.ingestion.test_lm_eval_metrics import imported
from tests.ingestion.test_table_shapes import KEYS, lines
from tests.ingestion.test_tables import load
from warehouse.layout import Layout

HALF_THOUGHTS = [f"<think>It may be {'ABC'[n % 3]}.\nANSWER: {'ABC'[n % 3]}\n#### {n}" for n in range(15)]


def told(layout: Layout) -> set[tuple[str, str | None, int | None, str | None]]:
    samples = rows(layout, "samples")
    assert len(samples) == 15
    return {(row["status"], row["error"], row["choice_index"], row["answer"]) for row in samples}


NO_ANSWER = {("format_failure", "cut off while reasoning", None, None)}


@pytest.mark.parametrize("way", ["inline", "apart"])
def test_inspect(tmp_path: Path, layout: Layout, way: str) -> None:
    inline = [output(text, stop_reason="max_tokens") for text in HALF_THOUGHTS]
    apart = [output("", reasoning=text.removeprefix("<think>"), stop_reason="max_tokens") for text in HALF_THOUGHTS]
    imported(layout, run_inspect(tmp_path, mcq_task({"q": inline if way == "inline" else apart})))
    assert told(layout) == NO_ANSWER


def test_lm_eval(tmp_path: Path, layout: Layout) -> None:
    imported(layout, lm_eval_output(tmp_path, [document(1, HALF_THOUGHTS, exact_match=0.0)], MATH))
    assert told(layout) == NO_ANSWER


def test_table(tmp_path: Path, layout: Layout) -> None:
    table = lines([{"q": "a", "said": text} for text in HALF_THOUGHTS])
    load(
        layout, tmp_path, table, KEYS + "item: q\nn_choices: {value: 4}\ntarget: {value: B}\nanswer: said\n", "k.jsonl"
    )
    assert told(layout) == NO_ANSWER
