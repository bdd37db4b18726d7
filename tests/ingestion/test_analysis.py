"""What `analyze` does around its steps; that the steps run together is shown by tests/test_pathological_pools.py."""

from __future__ import annotations

import re
import shutil
import tempfile
import webbrowser
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from dagster_project.cli.app import app
from ingestion import analysis
from ingestion.analysis import NothingToAnalyzeError, analyze
from tests.ingestion.test_importing import log
from warehouse import report, transform
from warehouse.layout import Layout


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """The steps taken, none of which does more than leave its files; temporary folders are made in `tmp_path`."""
    steps: list[str] = []

    def publish(layout: Layout) -> None:
        steps.append("publish")
        layout.published.mkdir(parents=True)
        layout.published_database.touch()

    def make_report(layout: Layout, progress: object, *, with_pictures: bool) -> report.Report:
        steps.append("report" if with_pictures else "page")
        layout.report.parent.mkdir()
        layout.report.touch()
        layout.figures.mkdir()
        return report.Report(layout.report, layout.figures, {})

    def build(layout: Layout, *, fetches: bool, without_dbt: bool, progress: object) -> None:
        steps.append("quick build" if without_dbt else "build")
        layout.published_from.parent.mkdir()

    monkeypatch.setattr(transform, "build", build)
    monkeypatch.setattr(analysis, "publish", publish)
    monkeypatch.setattr(report, "make_report", make_report)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("WAREHOUSE_ROOT", "")
    return steps


def command(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["analyze", *map(str, arguments)])


def test_a_temporary_warehouse_is_named_and_opened(
    done: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda url: opened.append(url) or True)
    monkeypatch.setenv("BROWSER", "any")
    path = log(tmp_path / "a.eval", "A", "B")
    told = command(path)
    assert told.exit_code == 0 and told.stderr == "" and done == ["quick build", "publish", "page"]
    (root,) = (tmp_path / "temporary").iterdir()
    page = Layout(root.resolve()).report
    assert re.findall(r"\S+", told.stdout)[:4] == ["report", str(page), "warehouse", str(root.resolve())]
    assert "temporary; set WAREHOUSE_ROOT" in told.stdout and opened == [page.as_uri()]
    assert command(path, "--no-open").exit_code == 0 and len(opened) == 1


def test_what_is_up_to_date_is_not_computed_again(
    done: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WAREHOUSE_ROOT", str(tmp_path / "mine"))
    path = log(tmp_path / "a.eval", "A", "B")
    first, again = analyze(path), analyze(str(path))
    assert done == ["build", "publish", "report"] and again.report == first.report
    assert (again.layout.root, again.is_temporary) == (tmp_path / "mine", False)
    assert "WAREHOUSE_ROOT)" in command(path, "--no-open").stdout
    assert list((tmp_path / "temporary").iterdir()) == []


def test_each_problem_is_told_once(done: list[str], tmp_path: Path) -> None:
    broken = tmp_path / "notes.eval"
    broken.write_text("these are my notes")
    with pytest.raises(NothingToAnalyzeError, match=r"notes\.eval"):
        analyze(broken)
    alone = command(broken, "--no-open")
    assert alone.exit_code == 1 and alone.stderr.count("notes.eval") == 1 and alone.stdout == ""
    assert done == [] and list((tmp_path / "temporary").iterdir()) == [], "nothing is left of what came to nothing"
    good = log(tmp_path / "a.eval", "A", "B")
    both = command(broken, good, "--no-open")
    assert both.exit_code == 1 and both.stderr.count("notes.eval") == 1 and "report" in both.stdout
    with pytest.warns(UserWarning, match=r"notes\.eval") as told:
        analyze(broken, good)
    assert len(told) == 1 and told[0].filename == __file__
    shutil.rmtree(tmp_path / "temporary")


def test_bad_usage_says_so_and_makes_nothing(done: list[str], tmp_path: Path) -> None:
    assert command(tmp_path / "nowhere.eval").exit_code == 2
    wrong = command(log(tmp_path / "a.eval", "A"), "--grade", "no", "--no-open")
    assert wrong.exit_code == 2 and "no" in wrong.stderr
    assert command().exit_code == 2
    assert done == [] and list((tmp_path / "temporary").iterdir()) == []
