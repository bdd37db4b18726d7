"""Pools at the edge of what has numbers go from file to report, and stop nobody else's from being published."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from ingestion.logs.importer import import_paths
from warehouse.connect import connect
from warehouse.layout import DBT_PROJECT_DIR, Layout
from warehouse.publish import publish
from warehouse.report import write_page
from warehouse.transform import build

MAPPING = """
task: task
model: {value: m}
item: q
epoch: run
n_choices: {value: 4}
target: {value: A}
answer: said
output_tokens: tokens
"""

POOLS = {
    # task: what sample `run` of item `q` says, of how many items and samples
    "identical": (lambda q, run: "B", 2, 6),
    "identical_greedy": (lambda q, run: "AB"[q % 2], 12, 30),
    "always_right": (lambda q, run: "A", 12, 30),
    "unreadable": (lambda q, run: "?", 12, 30),
    "one_wrong": (lambda q, run: "B" if (q, run) == (3, 4) else "A", 20, 10),
    "one_sample": (lambda q, run: "AB"[q % 2], 12, 1),
    "one_item": (lambda q, run: "AB"[run % 2], 1, 8),
}


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    layout = Layout(tmp_path_factory.mktemp("extreme"))
    folder = tmp_path_factory.mktemp("runs")
    with (folder / "runs.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["task", "q", "run", "said", "tokens"])
        for task, (says, n_items, n_samples) in POOLS.items():
            for q in range(n_items):
                writer.writerows([task, f"q{q}", run + 1, says(q, run), 10 + q] for run in range(n_samples))
    (folder / "mapping.yaml").write_text(MAPPING)
    summary = import_paths([folder / "runs.csv"], layout, mapping=folder / "mapping.yaml")
    assert not summary.has_refused, summary.reports
    build(layout)
    publish(layout)
    page = write_page(layout).path.read_text(encoding="utf-8")
    assert "None" not in page.partition("<main")[2].partition("</main>")[0]
    with connect(layout.published_database) as con:
        yield con


def rows(con: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    result = con.execute(query)
    return [dict(zip([column[0] for column in result.description], row, strict=True)) for row in result.fetchall()]


def test_all_pools_are_published(published: duckdb.DuckDBPyConnection) -> None:
    found = {
        row["task"]: (row["n_items"], row["error"], row["incoherence"])
        for row in rows(published, "from marts.fct_incoherence where decomposition = 'brier'")
    }
    assert found["identical"] == (2, 2.0, 0.0)
    assert found["identical_greedy"] == (12, 1.0, 0.0)
    assert found["always_right"] == (12, 0.0, None)
    assert found["unreadable"] == (12, 0.75, 0.0)
    assert found.keys() == POOLS.keys()


def test_every_finding_has_its_sentence(published: duckdb.DuckDBPyConnection) -> None:
    found = rows(published, "from figures.findings")
    assert found
    for row in found:
        assert row["sentence"] and row["sentence"].endswith("."), row
        assert row["n"] is not None, row


def test_sentences_are_not_put_together_by_an_operator_that_a_null_empties() -> None:
    """`||` with one missing operand is NULL; the macro `words` is not."""
    findings = [*(DBT_PROJECT_DIR / "models").rglob("*finding*.sql"), *(DBT_PROJECT_DIR / "macros").glob("*words.sql")]
    assert len(findings) > 7
    for path in findings:
        code = [line for line in path.read_text(encoding="utf-8").splitlines() if "`||`" not in line]
        assert not any("||" in line for line in code), path
