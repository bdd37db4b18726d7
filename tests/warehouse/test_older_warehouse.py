"""A warehouse that release 0.1.0 wrote: nothing of it is lost, nothing of it is paid for again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingestion.logs.importer import import_paths
from ingestion.sampling import load_spec, plan, sample
from tests.ingestion.test_importing import log
from warehouse.connect import connect_build
from warehouse.layout import PROJECT_ROOT, Layout
from warehouse.raw import connect_raw, files_off_contract
from warehouse.schemas import RAW_TABLES
from warehouse.transform import build

OLD = PROJECT_ROOT / "tests" / "fixtures" / "warehouse_0_1_0"


def copied(folder: Path) -> Layout:
    shutil.copytree(OLD, folder, dirs_exist_ok=True)
    return Layout(folder)


def keys(layout: Layout) -> list[tuple[Any, ...]]:
    with connect_raw(layout) as con:
        return con.execute(
            "select sample_id, completion, choice_index, ingested_at from raw.samples order by all"
        ).fetchall()


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Layout]:
    """The old warehouse with one more epoch, and one more log."""
    layout = copied(tmp_path_factory.mktemp("old"))
    before = keys(layout)
    spec = layout.experiments / "small.yaml"
    spec.write_text(spec.read_text().replace("epochs: 2", "epochs: 3"))
    assert plan(load_spec(spec), layout).n_missing == 10
    assert sample(load_spec(spec), layout).n_drawn == 10
    drawn = {key[:3] for key in keys(layout)}
    assert {key[:3] for key in before} < drawn
    assert len(drawn) == len(before) + 10
    new = log(layout.root.parent / f"{layout.root.name}.eval", "A", "B")
    assert import_paths([new], layout).count("imported") == 1
    build(layout)
    yield layout


@pytest.mark.parametrize("table", RAW_TABLES)
def test_its_files_are_valid(table: str, tmp_path: Path) -> None:
    layout = copied(tmp_path)
    assert files_off_contract(layout, table) == {}
    with connect_raw(layout) as con:
        assert set(con.sql(f"from raw.{table}").columns) == set(RAW_TABLES[table].schema.names)


def test_reading_it_changes_none_of_its_files(tmp_path: Path) -> None:
    layout = copied(tmp_path)
    assert len(keys(layout)) == 26
    for path in (path for path in OLD.rglob("*") if path.is_file() and path.name != "_empty.parquet"):
        assert (tmp_path / path.relative_to(OLD)).read_bytes() == path.read_bytes()


def test_it_is_extended_and_built(extended: Layout) -> None:
    with connect_build(extended) as con:
        counted = con.execute("select task, count(*) from marts.fct_sample group by all order by all").fetchall()
        assert counted == [("chain_arithmetic", 30), ("colours", 6), ("t", 2)]
        assert con.execute("select count(*) from staging.stg_survey_rankings").fetchone() == (2,)


def test_keys_in_what_was_written_then_are_not_published(extended: Layout) -> None:
    with connect_build(extended) as con:
        (told,) = con.execute("select settings from marts.dim_condition where settings like '%language%'").fetchall()
        published = str(con.execute("from marts.dim_condition").fetchall())
    settings = json.loads(told[0])["task_args"]
    assert settings["language"] == "de"
    assert settings["maps"].startswith("(hash ") and settings["home"].startswith("(hash ")
    assert "AIza" not in published and "hunter2" not in published
