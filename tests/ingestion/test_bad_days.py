"""Files that change under the reader, clocks that go back, full disks, wrong mappings: nothing stops or is lost."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dagster_project.cli import without_traceback
from ingestion.logs import import_file, importer
from ingestion.logs.importer import import_paths
from ingestion.logs.inspect.log import InspectFormat
from tests.ingestion.conftest import rows
from tests.ingestion.test_hostile_files import HEADER, answered, archive, sample
from tests.ingestion.test_importing import log
from warehouse import parquet
from warehouse.layout import Layout
from warehouse.raw import connect_raw


def batch(folder: Path) -> tuple[Path, Path, Path]:
    """A good log, one that something will happen to, and a good log."""
    folder.mkdir()
    return log(folder / "a.eval", "A"), log(folder / "b.eval", "A", "B"), log(folder / "c.eval", "C")


def delete(path: Path) -> None:
    path.unlink()


def grow(path: Path) -> None:
    with path.open("ab") as handle:
        handle.write(b"more")


def replace(path: Path) -> None:
    facts = path.stat()
    other = path.with_suffix(".new")
    other.write_bytes(path.read_bytes()[::-1])
    os.utime(other, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    other.replace(path)


@pytest.mark.parametrize("change", [delete, grow, replace])
@pytest.mark.parametrize("moment", ["before it is hashed", "before it is read", "while it is read"])
def test_a_file_that_changes_meanwhile_does_not_stop_the_batch(
    tmp_path: Path, layout: Layout, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None], moment: str
) -> None:
    _, victim, _ = batch(tmp_path / "logs")
    is_done = False

    def once(path: Path) -> None:
        nonlocal is_done
        if path == victim and not is_done:
            is_done = True
            change(path)

    read, source_of = InspectFormat.read, import_file.source_of

    def changed_then_looked_at(path: Path, *arguments: Any) -> Any:
        once(path)
        return source_of(path, *arguments)

    def changed_then_read(self: InspectFormat, path: Path) -> Any:
        if moment == "before it is read":
            once(path)
        for record in read(self, path):
            yield record
            once(path)

    if moment == "before it is hashed":
        monkeypatch.setattr(importer, "source_of", changed_then_looked_at)
    else:
        monkeypatch.setattr(InspectFormat, "read", changed_then_read)
    summary = import_paths([tmp_path / "logs"], layout, n_workers=1)
    outcomes = [report.outcome for report in summary.reports]
    if moment == "before it is hashed" and change is grow:
        assert outcomes == ["imported"] * 3  # what is appended to an archive is none of it, and it is whole
        return
    assert outcomes == ["imported", "refused", "imported"]
    assert {row["file_name"] for row in rows(layout, "imports")} == {"a.eval", "c.eval"}
    assert len(rows(layout, "samples")) == 2
    (quarantined,) = rows(layout, "quarantine")
    assert quarantined["file_name"] == "b.eval"


def test_pipes_sockets_and_links_to_nowhere_are_refused_and_not_waited_for(tmp_path: Path, layout: Layout) -> None:
    batch(tmp_path / "logs")
    os.mkfifo(tmp_path / "logs" / "pipe.eval")
    (tmp_path / "logs" / "link.eval").symlink_to(tmp_path / "nowhere")
    summary = import_paths([tmp_path / "logs", tmp_path / "logs" / "pipe.eval"], layout)
    told = {report.path.name: report.message for report in summary.reports if report.outcome == "refused"}
    assert told == {"pipe.eval": "not a regular file", "link.eval": "no such file; check the path"}
    assert summary.count("imported") == 3


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO])
def test_a_file_that_may_not_be_read_is_refused_until_it_may(
    tmp_path: Path, layout: Layout, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    _, victim, _ = batch(tmp_path / "logs")
    digest = import_file.hashlib.file_digest

    def failing(handle: Any, name: str) -> Any:
        if handle.name == str(victim):
            raise OSError(number, os.strerror(number))
        return digest(handle, name)

    with monkeypatch.context() as patch:
        patch.setattr(import_file.hashlib, "file_digest", failing)
        summary = import_paths([tmp_path / "logs"], layout)
    assert [report.outcome for report in summary.reports] == ["imported", "refused", "imported"]
    assert os.strerror(number) in summary.reports[1].message
    assert [row["file_name"] for row in rows(layout, "quarantine")] == ["b.eval"]
    import_paths([tmp_path / "logs"], layout)
    assert rows(layout, "quarantine") == []  # it was known by its name then, and is by its content now


def test_a_growing_file_leaves_one_refusal_and_none_once_it_is_whole(tmp_path: Path, layout: Layout) -> None:
    whole = log(tmp_path / "a.eval", "A", "B").read_bytes()
    for length in (300, 400, 500):
        (tmp_path / "a.eval").write_bytes(whole[:length])
        assert import_paths([tmp_path / "a.eval"], layout).has_refused
        assert len(rows(layout, "quarantine")) == 1
    (tmp_path / "a.eval").write_bytes(whole)
    assert import_paths([tmp_path / "a.eval"], layout).count("imported") == 1
    assert rows(layout, "quarantine") == []


def test_a_clock_set_back_does_not_make_the_older_copy_win(
    tmp_path: Path, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    def copy(name: str, answer: str) -> Path:
        members = {"header.json": HEADER, "samples/q_epoch_1.json": sample(uuid="one", output=answered(answer))}
        return archive(tmp_path / name, members)

    import_paths([copy("first.eval", "A")], layout)

    class Back(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime(2000, 1, 1, tzinfo=UTC)

    monkeypatch.setattr(importer, "datetime", Back)
    import_paths([copy("second.eval", "B")], layout)
    with connect_raw(layout) as con:
        found = con.execute(
            "select answer, imports.ingested_at from raw.samples join raw.imports using (import_id) "
            "order by import_number"
        ).fetchall()
    assert [answer for answer, _ in found] == ["A", "B"]


def test_a_wrong_mapping_leaves_an_import_and_its_quarantine_as_they_are(tmp_path: Path, layout: Layout) -> None:
    table = tmp_path / "runs.jsonl"
    table.write_text('{"m": "x", "q": 1, "s": 1}\n{"m": "x", "q": 2, "s\n')
    right, wrong = tmp_path / "right.yaml", tmp_path / "wrong.yaml"
    right.write_text("task: {value: t}\nmodel: m\nitem: q\nscore: s\n")
    wrong.write_text("task: {value: t}\nmodel: m\nitem: nothing\nscore: s\n")
    import_paths([table], layout, mapping=right)
    quarantined, samples = rows(layout, "quarantine"), rows(layout, "samples")
    assert [row["place"] for row in quarantined] == ["line 2"]
    assert import_paths([table], layout, mapping=wrong).has_refused
    assert sorted(row["place"] for row in rows(layout, "quarantine")) == ["file", "line 2"]
    assert rows(layout, "samples") == samples
    assert import_paths([table], layout, mapping=right).count("unchanged") == 1
    assert rows(layout, "quarantine") == quarantined


@pytest.mark.parametrize("number", range(6))
def test_a_full_disk_ends_the_batch_and_loses_nothing(
    tmp_path: Path, layout: Layout, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    batch(tmp_path / "logs")
    import_paths([tmp_path / "logs" / "a.eval"], layout)
    n_flushed, flush = 0, parquet.flush

    def full(descriptor: int) -> None:
        nonlocal n_flushed
        if n_flushed == number:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        n_flushed += 1
        flush(descriptor)

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space left"):
        patch.setattr(parquet, "flush", full)
        import_paths([tmp_path / "logs"], layout, n_workers=1)
    with connect_raw(layout) as con:
        (n_files, n_told) = con.execute("select count(*), sum(n_samples) from raw.imports").fetchone() or (0, 0)
        assert con.execute("select count(*) from raw.samples").fetchone() == (n_told,)
    assert n_files >= 1
    assert not [path for path in layout.root.rglob("*") if ".tmp" in path.name]
    assert import_paths([tmp_path / "logs"], layout).count("refused") == 0
    assert len(rows(layout, "samples")) == 4


def test_items_whose_ids_begin_alike_stay_apart(tmp_path: Path, layout: Layout) -> None:
    begin = "the same long question " * 60
    members: dict[str, object] = {"header.json": HEADER}
    for number in range(2):
        item = f"{begin}{number}"
        members[f"samples/{number}.json"] = sample(item, output=answered("A"))
    import_paths([archive(tmp_path / "a.eval", members)], layout)
    table = tmp_path / "b.jsonl"
    table.write_text("".join(json.dumps({"m": "x", "q": f"{begin}{number}", "s": 1}) + "\n" for number in range(2)))
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text("task: {value: table}\nmodel: m\nitem: q\nscore: s\n")
    import_paths([table], layout, mapping=mapping)
    for task in ("t", "table"):
        ids = {row["item_id"] for row in rows(layout, "samples") if row["task"] == task}
        assert len(ids) == 2
        assert max(map(len, ids)) <= 1_000


def test_a_warehouse_that_cannot_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = subprocess.run(
        [str(Path(sys.executable).with_name("incoherence")), "import", str(log(tmp_path / "a·é.eval", "A"))],
        env=os.environ | {"WAREHOUSE_ROOT": str(tmp_path / "file" / "warehouse"), "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (1, 1), done.stderr
    assert "Not a directory" in done.stderr and "run the same command again" in done.stderr


@pytest.mark.parametrize(
    ("number", "fix"),
    [(errno.ENOSPC, "free some space"), (errno.EACCES, "check its permissions"), (errno.EIO, "check WAREHOUSE_ROOT")],
)
def test_what_to_do_is_said_with_the_fault(number: int, fix: str) -> None:
    told = without_traceback(OSError(number, os.strerror(number), "/data/raw"))
    assert told.startswith(f"/data/raw: {os.strerror(number)}; {fix}") and "\n" not in told
