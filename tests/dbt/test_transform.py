"""Running dbt: what comes back, what is said when it fails, and that the machine does not matter."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from math import isclose
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.dbt.conftest import Built
from tests.dbt.random_raw import random_synthetic_rows
from warehouse import dbt_command, transform
from warehouse.layout import Layout
from warehouse.sql_functions import give_functions
from warehouse.transform import BuildError, build, prepare


def test_a_path_that_reads_as_a_pattern_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"holds \*"):
        prepare(Layout(tmp_path / "every*thing"))


def test_a_failing_test_is_named_with_its_rows_and_nothing_is_parsed_twice(built: Built, tmp_path: Path) -> None:
    """`built` is another warehouse of the same project: what dbt parsed for it is right for this one."""
    layout = Layout(tmp_path)
    random_synthetic_rows(3, dimension=5).write(layout)
    lines: list[str] = []
    with pytest.raises(BuildError) as caught:
        build(layout, select="stg_synthetic_problems", echo=lines.append)
    message = str(caught.value)
    assert "synthetic_dimension_exceeds_synthetic_max_dimension" in message
    assert "stg_synthetic_problems" in message
    assert str(layout.raw) in message
    assert not any("Starting full parse" in line or "Unable to do partial parsing" in line for line in lines)
    assert str(tmp_path).encode() not in layout.dbt_partial_parse.read_bytes()
    assert str(layout.dbt_log) in message
    assert layout.dbt_log.read_text(encoding="utf-8").splitlines() == lines, "all that dbt said, once"


def test_what_was_parsed_of_a_project_that_is_gone_is_removed(tmp_path: Path) -> None:
    old, new, other = (tmp_path / name for name in ("dbt-a.msgpack", "dbt-b.msgpack", "fonts.json"))
    for path in (old, new, other):
        path.touch()
    for path in (old, other):
        os.utime(path, (0, 0))
    dbt_command._sweep(tmp_path)
    assert sorted(tmp_path.iterdir()) == [new, other]


def test_a_folder_that_cannot_be_one_of_a_list_is_told_to_dbt() -> None:
    assert dbt_command.environment(Layout(Path("/a")))["WAREHOUSE_ROOT"] == "."
    assert dbt_command.environment(Layout(Path("/a,b")))["WAREHOUSE_ROOT"] == "/a,b"


def test_a_disk_that_dbt_filled_is_told_in_one_line(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.dbt_results.parent.mkdir(parents=True)
    layout.dbt_results.write_text('{"results": [{"status": "err')
    told = transform._explain(layout, ["Traceback", "OSError: [Errno 28] No space left on device", "done"])
    assert told.splitlines() == [told]
    assert "No space left on device" in told and "free some space" in told


def test_an_interrupted_build_leaves_no_dbt_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = Layout(tmp_path)
    started: list[subprocess.Popen[str]] = []
    popen = subprocess.Popen

    def remember(*arguments: Any, **options: Any) -> subprocess.Popen[str]:
        started.append(popen(*arguments, **options))
        return started[0]

    def interrupt(line: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "Popen", remember)
    with pytest.raises(KeyboardInterrupt):
        build(layout, echo=interrupt)
    assert started[0].returncode is not None
    assert layout.unfinished_build.exists()


@pytest.mark.parametrize("n_threads", [1, 4])
def test_any_number_of_threads_gives_the_same_rows(built: Built, tmp_path: Path, n_threads: int) -> None:
    """Keys, counts, buckets and verdicts exactly; sums of floating-point numbers but for their order."""
    results = json.loads((built.layout.dbt_target / "run_results.json").read_text())["results"]
    tables = {f'"warehouse"."{row["schema_name"]}"."{row["table_name"]}"' for row in built.rows("duckdb_tables()")}
    sql = {
        result["relation_name"]: result["compiled_code"]
        for result in results
        if result["unique_id"].startswith("model.") and result["relation_name"] in tables
    }
    with duckdb.connect(_filled_again(built, sql, tmp_path, n_threads), read_only=True) as other:
        compared = [table for table in sql if '"marts"' in table or '"figures"' in table]
        assert len(compared) >= 25
        for table in compared:
            found = other.execute(f"from {table} order by all").fetchall()
            expected = built.database.execute(f"from {table} order by all").fetchall()
            assert len(found) == len(expected) > 0, table
            for row, other_row in zip(found, expected, strict=True):
                for value, other_value in zip(row, other_row, strict=True):
                    if isinstance(value, float) and isinstance(other_value, float):
                        assert isclose(value, other_value, rel_tol=1e-9, abs_tol=1e-12), table
                    else:
                        assert value == other_value, table


def _filled_again(built: Built, sql: dict[str, str], folder: Path, n_threads: int) -> Path:
    """A copy of the built database whose tables were filled again, in the order in which dbt built them.

    By the SQL that dbt compiled, without its start, its parsing and its tests: two seconds instead of twenty.
    """
    path = folder / built.layout.build_database.name
    shutil.copyfile(built.layout.build_database, path)
    with duckdb.connect(path, config={"threads": n_threads}) as database:
        give_functions(database, built.layout)
        database.execute("set file_search_path = ?", [str(built.layout.root)])
        for table, select in sql.items():
            database.execute(f"delete from {table}")
            database.execute(f"insert into {table} by name {select}")
    return path
