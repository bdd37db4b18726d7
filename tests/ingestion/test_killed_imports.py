"""Imports that are killed: nothing of theirs counts until they are done again, and nothing of theirs stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ingestion.logs import import_file, importer
from ingestion.logs.importer import import_paths
from ingestion.logs.inspect import log as inspect_log
from tests.ingestion.test_importing import log
from warehouse.layout import Layout
from warehouse.leftovers import owner, sweep
from warehouse.raw import connect_raw
from warehouse.schemas import RAW_TABLES

COUNTED = ("samples", "items", "conditions", "models", "imports")


class KilledError(BaseException):
    """Stands for SIGKILL: nothing on the way catches it."""


def told(layout: Layout) -> dict[str, list[Any]]:
    """What counts, without times and the number of the import."""
    with connect_raw(layout) as con:
        return {
            table: con.execute(
                f"select * exclude (ingested_at {', import_number' if table == 'imports' else ''}) from raw.{table}"
                " order by all"
            ).fetchall()
            for table in COUNTED
        }


def killed_at(monkeypatch: pytest.MonkeyPatch, number: int) -> Callable[[], int]:
    """Kill whoever writes the so-many-th raw file, before it is there; returns how many were written before."""
    write, n_written = import_file.write_partition, 0

    def write_or_die(*arguments: Any, **options: Any) -> Path:
        nonlocal n_written
        if n_written == number:
            raise KilledError
        n_written += 1
        return write(*arguments, **options)

    for module in (import_file, importer):
        monkeypatch.setattr(module, "write_partition", write_or_die)
    return lambda: n_written


def test_what_a_killed_import_wrote_is_no_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, whole = log(tmp_path / "a.eval", "A", "B"), Layout(tmp_path / "whole")
    import_paths([path], whole)
    for number in range(5):
        layout = Layout(tmp_path / f"killed {number}")
        with monkeypatch.context() as patch, pytest.raises(KilledError):
            n_written = killed_at(patch, number)
            import_paths([path], layout)
        assert n_written() == number
        assert told(layout) == {table: [] for table in COUNTED}
        assert import_paths([path], layout).count("imported") == 1
        assert told(layout) == told(whole)
    with monkeypatch.context() as patch:
        n_written = killed_at(patch, 5)
        import_paths([path], Layout(tmp_path / "through"))
        assert n_written() == 5, "every file but the last was one to be killed at"


def test_an_import_that_is_killed_when_done_again_does_not_mix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, layout = log(tmp_path / "a.eval", "A", "B"), Layout(tmp_path / "warehouse")
    import_paths([path], layout)
    before = told(layout)
    for version, number in enumerate(range(5), 90):
        monkeypatch.setattr(inspect_log, "READER_VERSION", version)
        with monkeypatch.context() as patch, pytest.raises(KilledError):
            killed_at(patch, number)
            import_paths([path], layout)
        assert told(layout) == {table: [] for table in COUNTED}, "half of it is by the older reader"
        import_paths([path], layout)
        now = told(layout)
        assert {table: now[table] for table in COUNTED[:-1]} == {table: before[table] for table in COUNTED[:-1]}
        assert len(now["imports"]) == 1


IMPORT = """
import sys
from pathlib import Path
from ingestion.logs import workers
from ingestion.logs.importer import import_paths
from warehouse.layout import Layout

if __name__ == "__main__":
    workers.WORTH_BYTES = 1
    sys.stdout.write("ready\\n")
    sys.stdout.flush()
    import_paths([Path(sys.argv[1])], Layout(Path(sys.argv[2])), n_workers=2)
"""


def alive(group: int) -> list[str]:
    """Processes of a group that have not ended."""
    listed = subprocess.run(["ps", "-A", "-o", "pgid=,stat=,args="], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if line.split()[0] == str(group) and line.split()[1][0] != "Z"]


def test_killed_for_real_it_leaves_no_process_and_is_done_again(tmp_path: Path) -> None:
    logs, layout, whole = tmp_path / "logs", Layout(tmp_path / "warehouse"), Layout(tmp_path / "whole")
    logs.mkdir()
    for number in range(20):
        log(logs / f"{number}.eval", *["A"] * (number + 1))
    script = tmp_path / "import.py"
    script.write_text(IMPORT)
    n_imported = -1
    for wait_for in (1, 8):  # files that are imported before the kill
        process = subprocess.Popen(
            [sys.executable, str(script), str(logs), str(layout.root)],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert process.stdout and process.stdout.readline() == "ready\n"
        while len(list((layout.raw / "imports").glob("[0-9a-f]*.parquet"))) < wait_for and process.poll() is None:
            time.sleep(0.002)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        until = time.monotonic() + 20
        while alive(process.pid) and time.monotonic() < until:
            time.sleep(0.05)
        assert alive(process.pid) == []
        with connect_raw(layout) as con:
            (n_files, n_samples) = con.execute("select count(*), sum(n_samples) from raw.imports").fetchone() or (0, 0)
            assert con.execute("select count(*) from raw.samples").fetchone() == (n_samples,)
        assert wait_for <= n_files < 20
        assert n_files > n_imported
        n_imported = n_files
    import_paths([logs], layout)
    import_paths([logs], whole)
    assert told(layout) == told(whole)
    assert [path for path in layout.root.rglob("*") if ".tmp" in path.name] == []


def test_leftovers_go_once_their_owner_has_ended(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True
    )
    mine, pid = owner(), ended.stdout.strip()
    machine = mine.split("-")[0]
    kept = [f".a.{mine}.tmp", f".a.00000000-{pid}-1.tmp", "a.tmp", f"a.{machine}-{pid}-1.tmp", ".hidden"]
    left = [f".a.parquet.{machine}-{pid}-1.tmp", f".b.{pid}-1.tmp", f".w.duckdb.{machine}-{pid}-1.tmp.wal"]
    for name in (*kept, *left):
        (tmp_path / "deep").mkdir(exist_ok=True)
        (tmp_path / "deep" / name).touch()
    old = tmp_path / "deep" / f".old.00000000-{pid}-1.tmp"  # of another machine, but long ago
    old.touch()
    os.utime(old, (0, 0))
    scratch = tmp_path / f".deriving.x.{machine}-{pid}-1.tmp"
    scratch.mkdir()
    (scratch / "part").touch()
    assert {path.name for path in sweep(tmp_path)} == {*left, old.name, scratch.name}
    assert {path.name for path in tmp_path.rglob("*")} == {"deep", *kept}


def test_an_import_sweeps(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "warehouse")
    left = layout.raw / "samples" / ".a.parquet.1073741824-7.tmp"
    left.parent.mkdir(parents=True)
    left.touch()
    import_paths([log(tmp_path / "a.eval", "A")], layout)
    assert not left.exists()


def test_every_table_that_logs_write_names_the_import(layout: Layout) -> None:
    for name in ("samples", "items", "conditions", "models", "test_outcomes", "survey_rankings", "quarantine"):
        assert "import_id" in RAW_TABLES[name].schema.names
