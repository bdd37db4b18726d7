"""What programs read of the command line: JSON, and the version."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from dagster_project.cli import app
from warehouse.layout import Layout

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.setenv("WAREHOUSE_ROOT", str(tmp_path))
    layout = Layout(tmp_path)
    layout.published.mkdir(parents=True)
    with duckdb.connect(str(layout.published_database)) as con:
        con.execute("create schema marts; create table marts.names as select '=1\x1b[2J' as name, 1.5::double as n")
    return layout


def said(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_state_of_a_warehouse(layout: Layout) -> None:
    told = json.loads(said("status", "--json"))
    assert told["root"] == str(layout.root)
    assert told["raw_rows"]["samples"] == 0 and told["pools"] == []
    assert told["published"] == str(layout.published_database) and told["is_behind"] is False


@pytest.mark.parametrize("option", [["--json"], ["--format", "json"], ["--format", "csv", "--json"]])
def test_a_query_s_rows_are_exact_and_order_no_terminal_about(layout: Layout, option: list[str]) -> None:
    printed = said("query", "from marts.names", *option)
    assert json.loads(printed) == [{"name": "=1\x1b[2J", "n": 1.5}]
    assert "\x1b" not in printed


def test_csv_and_tables_are_for_people(layout: Layout) -> None:
    assert said("query", "from marts.names", "--format", "csv") == "name,n\n'=1\N{REPLACEMENT CHARACTER}[2J,1.5\n"
    assert "\x1b" not in said("query", "from marts.names")


def test_the_version_is_the_package_s() -> None:
    declared = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert said("--version") == f"incoherence {declared}\n"
