"""The command `incoherence import`: what it says of each file, its exit status, and that a dry run imports nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from dagster_project.cli.app import app
from tests.ingestion.conftest import rows
from tests.ingestion.inspect_runs import mcq_task, run_inspect
from tests.ingestion.test_hostile_files import HEADER, archive, sample
from warehouse.layout import Layout


def command(layout: Layout, *arguments: Any) -> tuple[int, str]:
    import dagster_project.cli.collect  # noqa: F401

    result = CliRunner().invoke(app, ["import", *map(str, arguments)], env={"WAREHOUSE_ROOT": str(layout.root)})
    return result.exit_code, result.output


def judged(path: Path, values: list[Any]) -> Path:
    members: dict[str, object] = {"header.json": HEADER}
    for epoch, value in enumerate(values, 1):
        fields = {"choices": None, "target": "t", "scores": {"judge": {"value": value}}}
        members[f"samples/q_epoch_{epoch}.json"] = sample("q", epoch, **fields)
    return archive(path, members)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    task = mcq_task({"q1": ["ANSWER: A", "ANSWER: B"], "q2": ["ANSWER: A", "dunno"]})
    return run_inspect(tmp_path_factory.mktemp("log"), task, temperature=0.7)


def test_it_says_how_it_understood_a_file(layout: Layout, log: Path) -> None:
    status, said = command(layout, log)
    assert status == 0
    words = {line.split()[0]: line.split(maxsplit=1)[1] for line in said.splitlines() if line.startswith("  ")}
    assert words["task"] == "colours" and words["model"] == "mockllm/mock-large"
    assert words["condition"] == "choice · T 0.7"
    assert words["items"] == "2, repeats 2 (4 samples)"
    assert words["answer"] == "3 options, 1 not readable"
    assert words["score"] == "0.500 by scorer 'choice', share that is right (4 scored)"
    assert words["length"] == "output tokens 5"
    assert said.count("  sample ") == 2
    assert "item q1, epoch 1: ANSWER: A → status ok, answer A, score 1" in said


def test_files_that_are_alike_are_explained_once(tmp_path: Path, layout: Layout) -> None:
    for name in "abc":
        judged(tmp_path / f"{name}.eval", [1, 1 / ord(name)])
    status, said = command(layout, tmp_path)
    assert status == 0
    assert said.count("  task ") == 1
    assert "3 imported" in said


def test_a_dry_run_imports_nothing(layout: Layout, log: Path) -> None:
    status, said = command(layout, "--dry-run", log)
    assert status == 0
    assert "would be: 1 imported; 4 new samples" in said and "Nothing was imported" in said
    assert not layout.root.exists()


def test_what_is_not_understood_is_asked_for_and_ends_in_status_1(tmp_path: Path, layout: Layout) -> None:
    path = judged(tmp_path / "judged.eval", [1, 8, 10, 5.5])
    status, said = command(layout, path)
    assert status == 1
    assert "WARNING: 4 of 4 samples have no score" in said and "--scale WORST BEST" in said
    status, said = command(layout, path, "--scale", 1, 10)
    assert status == 0 and "mean of graded outcomes" in said
    assert sorted(row["score"] for row in rows(layout, "samples")) == pytest.approx([0, 0.5, 7 / 9, 1])
    letters = judged(tmp_path / "letters.eval", ["A", "B", "C"])
    assert command(layout, letters)[0] == 1
    status, _ = command(layout, letters, "--grade", "A=1", "--grade", "B=0", "--grade", "C=0.5")
    assert status == 0
    status, said = command(layout, letters, "--grade", "A")
    assert status == 2 and "as in A=1" in said


def test_a_file_that_is_mostly_in_quarantine_ends_in_status_1(tmp_path: Path, layout: Layout) -> None:
    members: dict[str, object] = {"header.json": HEADER, "samples/q_epoch_1.json": sample("q", 1)}
    members |= {f"samples/q_epoch_{epoch}.json": b"{" for epoch in (2, 3)}
    status, said = command(layout, archive(tmp_path / "broken.eval", members))
    assert status == 1 and "WARNING: most of it is in quarantine" in said
