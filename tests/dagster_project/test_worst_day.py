"""Folders that cannot be written, locales without signs: one line or the answer, never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from warehouse.layout import Layout
from warehouse.parquet import write_partition
from warehouse.tell import silence
from warehouse.transform import _following


def incoherence(root: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "dagster_project.cli", *arguments],
        capture_output=True,
        check=False,
        env={**os.environ, "WAREHOUSE_ROOT": str(root), **environment},
    )


def test_status_writes_nothing_and_needs_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    before = sorted(tmp_path.rglob("*"))
    for root in (tmp_path / "file" / "under", tmp_path / "nowhere"):
        done = incoherence(root, "status")
        assert (done.returncode, done.stderr) == (0, b"")
        assert b"none yet; import a log" in done.stdout
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("command", ["build", "publish", "report", "query", "ui"])
def test_a_root_that_cannot_be_made_gets_one_line(tmp_path: Path, command: str) -> None:
    (tmp_path / "file").touch()
    done = incoherence(tmp_path / "file" / "under", command, *(["select 1"] if command == "query" else []))
    said = done.stderr.decode().splitlines()
    assert done.returncode == 1
    assert len(said) == 1 and said[0].startswith("incoherence: ") and str(tmp_path) in said[0], said


def test_a_locale_without_the_signs_ends_nothing(tmp_path: Path) -> None:
    ranking = {"rater_id": "r", "entity": "е", "entity_group": "g", "attribute": "intelligence", "rank": 1.0}
    ranking |= {"ingested_at": datetime(2026, 1, 1, tzinfo=UTC)}
    for name, locale in (
        ("wärehouse", {"LC_ALL": "C"}),
        ("wärehouse", {"PYTHONIOENCODING": "latin-1"}),
        ("warehouse", {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    ):
        layout = Layout(tmp_path / name)
        write_partition(layout, "survey_rankings", [ranking], file_stem="survey")
        done = incoherence(layout.root, "status", **locale)
        assert (done.returncode, done.stderr) == (0, b""), done.stderr.decode()
        assert b"survey_rankings" in done.stdout


def test_dbt_s_lines_are_told_as_progress() -> None:
    told: list[tuple[str, int, int]] = []
    follow = _following(lambda *step: told.append(step), silence)
    for line in (
        "15:57:32  Concurrency: 2 threads (target='duckdb')",
        "15:57:32  1 of 363 START sql view model staging.stg_embeddings ......... [RUN]",
        "15:57:33  1 of 363 OK created sql view model staging.stg_embeddings .... [OK in 0.52s]",
        "15:57:33  2 of 363 PASS source_accepted_values_raw_samples_status__ok  [PASS in 0.52s]",
        "15:57:33  3 of 363 SKIP relation marts.fct_sample ...................... [SKIP]",
    ):
        follow(line)
    assert told == [
        ("staging.stg_embeddings", 1, 363),
        ("source_accepted_values_raw_samples_status__ok", 2, 363),
        ("marts.fct_sample", 3, 363),
    ]
