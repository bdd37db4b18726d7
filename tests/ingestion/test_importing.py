from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ingestion.logs.formats import FORMATS, format_named
from ingestion.logs.importer import FileReport, import_paths
from ingestion.logs.inspect import log as inspect_log
from ingestion.logs.inspect import zip as inspect_zip
from tests.ingestion.conftest import files, rows
from tests.ingestion.test_hostile_files import HEADER, answered, archive, sample
from warehouse.layout import PROJECT_ROOT, Layout
from warehouse.raw import count_rows
from warehouse.schemas import RAW_TABLES


def log(path: Path, *answers: str) -> Path:
    members: dict[str, object] = {"header.json": HEADER}
    for epoch, answer in enumerate(answers, 1):
        members[f"samples/q_epoch_{epoch}.json"] = sample("q", epoch, output=answered(answer))
    return archive(path, members)


def test_every_raw_table_can_be_read_after_an_import(tmp_path: Path, layout: Layout) -> None:
    import_paths([log(tmp_path / "a.eval", "A")], layout)
    assert all(list(layout.raw_table(table).rglob("*.parquet")) for table in RAW_TABLES)


def test_progress_reports_each_file_once_in_order(tmp_path: Path, layout: Layout) -> None:
    second, first = log(tmp_path / "b.eval", "A"), log(tmp_path / "a.eval", "B")
    seen: list[FileReport] = []
    summary = import_paths([tmp_path, first, tmp_path / "b.eval"], layout, progress=seen.append)
    assert [report.path for report in seen] == [first, second]
    assert tuple(seen) == summary.reports
    assert (summary.n_samples, summary.count("imported"), summary.has_refused) == (2, 2, False)


def test_a_copy_under_another_name_is_known(tmp_path: Path, layout: Layout) -> None:
    path = log(tmp_path / "a.eval", "A")
    shutil.copy(path, tmp_path / "copy.eval")
    assert [report.outcome for report in import_paths([tmp_path], layout).reports] == ["imported", "unchanged"]
    assert len(rows(layout, "samples")) == 1


def test_what_macos_puts_beside_files_is_no_log_and_no_data(tmp_path: Path, layout: Layout) -> None:
    path = log(tmp_path / "a.eval", "A")
    for beside in (tmp_path / "._a.eval", layout.raw / "samples" / "task=t" / "._x.parquet"):
        beside.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(bytes.fromhex("00051607 00020000"))
    assert [report.path for report in import_paths([tmp_path], layout).reports] == [path]
    assert count_rows(layout, "samples") == 1


def test_a_killed_import_is_done_again(tmp_path: Path, layout: Layout) -> None:
    path = log(tmp_path / "a.eval", "A", "B")
    import_paths([path], layout)
    names = set(files(layout))
    (known,) = layout.raw_table("imports").glob("[0-9a-f]*.parquet")
    known.unlink()  # written last, so this is what a kill leaves
    assert [report.outcome for report in import_paths([path], layout).reports] == ["imported"]
    assert set(files(layout)) == names
    assert len(rows(layout, "samples")) == 2


def test_a_newer_reader_reads_again_and_leaves_nothing_old(
    tmp_path: Path, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = log(tmp_path / "a.eval", "A")
    import_paths([path], layout)
    (written,) = layout.raw_table("samples").rglob("[0-9a-f]*.parquet")
    elsewhere = written.parents[1] / "condition=older" / written.name
    elsewhere.parent.mkdir()
    written.rename(elsewhere)
    assert [report.outcome for report in import_paths([path], layout).reports] == ["unchanged"]
    monkeypatch.setattr(inspect_log, "READER_VERSION", 99)
    assert [report.outcome for report in import_paths([path], layout).reports] == ["imported"]
    assert list(layout.raw_table("samples").rglob("[0-9a-f]*.parquet")) == [written]
    assert [known["reader_version"] for known in rows(layout, "imports")] == [99]


def test_a_refused_file_leaves_quarantine_once_it_can_be_read(
    tmp_path: Path, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = log(tmp_path / "a.eval", "A")
    monkeypatch.setattr(inspect_zip, "MAX_MEMBERS", 1)
    (report,) = import_paths([path], layout).reports
    assert (report.outcome, report.message) == ("refused", "2 members, over the limit of 1; split the run")
    assert [row["place"] for row in rows(layout, "quarantine")] == ["file"]
    monkeypatch.undo()
    import_paths([path], layout)
    assert rows(layout, "quarantine") == []
    assert len(rows(layout, "samples")) == 1


def test_a_run_that_holds_fewer_samples_than_it_says_is_told(tmp_path: Path, layout: Layout) -> None:
    members = {"header.json": {**HEADER, "results": {"total_samples": 3}}, "samples/q_epoch_1.json": sample()}
    import_paths([archive(tmp_path / "a.eval", members)], layout)
    assert "the run had 3 samples and the log holds 1" in rows(layout, "quarantine")[0]["reason"]


def test_a_named_format_skips_the_guess(tmp_path: Path, layout: Layout) -> None:
    path = tmp_path / "log.data"
    path.write_text(json.dumps({"status": "success", "padding": "x" * 70_000, **HEADER, "samples": [sample()]}))
    assert import_paths([path], layout).has_refused
    assert [report.outcome for report in import_paths([path], layout, log_format="inspect").reports] == ["imported"]
    with pytest.raises(ValueError, match="choose one of: inspect"):
        import_paths([path], layout, log_format="excel")
    assert format_named("inspect") is FORMATS[0]


def test_names_from_logs_stay_inside_the_warehouse(tmp_path: Path, layout: Layout) -> None:
    spec = {**HEADER["eval"], "task": "../../../up", "model": "/etc/../m:\n*"}  # type: ignore[dict-item]
    path = archive(tmp_path / "a.eval", {"header.json": {**HEADER, "eval": spec}, "samples/q_epoch_1.json": sample()})
    import_paths([path], layout)
    (row,) = rows(layout, "samples")
    assert (row["task"], row["model_id"]) == ("../../../up", "/etc/../m:\n*")
    assert {found.parent for found in tmp_path.iterdir()} == {tmp_path}
    assert sorted(found.name for found in tmp_path.iterdir()) == ["a.eval", "warehouse"]


def test_patterns_take_up_what_they_match(tmp_path: Path, layout: Layout) -> None:
    for name in ("a.eval", "deep/er/b.eval", "c.json"):
        (tmp_path / "logs" / name).parent.mkdir(parents=True, exist_ok=True)
        log(tmp_path / "logs" / name, name[-6])
    summary = import_paths([tmp_path / "logs" / "**" / "*.eval", tmp_path / "logs" / "a.*"], layout)
    assert [report.path.name for report in summary.reports] == ["a.eval", "b.eval"]
    (nothing,) = import_paths([tmp_path / "*.log"], layout).reports
    assert (nothing.outcome, nothing.message) == ("refused", "no file matches this pattern")
    odd = log(tmp_path / "run [1].eval", "C")  # a name that is there is no pattern
    assert import_paths([odd], layout).count("imported") == 1


def test_a_folder_without_any_log_is_refused(tmp_path: Path, layout: Layout) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "manifest.json").write_text("{}")
    summary = import_paths([tmp_path / "logs"], layout)
    assert [report.outcome for report in summary.reports] == ["refused"]
    assert "no log in this folder" in summary.reports[0].message
    assert [path.name for path in summary.passed_over] == ["manifest.json"]
    assert import_paths([tmp_path / "missing.eval"], layout).reports[0].message == "no such file; check the path"
    assert rows(layout, "quarantine") == []  # it is a list of what was there and could not be read


def test_an_import_loads_no_library_that_it_does_not_use(tmp_path: Path) -> None:
    """Each takes 20 to 40 MiB, in every worker."""
    code = f"""
import sys
from pathlib import Path
from ingestion.logs.importer import import_paths
from warehouse.arrow import leave_out_pandas
from warehouse.layout import Layout

leave_out_pandas()
(report,) = import_paths([Path({str(log(tmp_path / "a.eval", "A", "B"))!r})], Layout(Path({str(tmp_path)!r}))).reports
print(report.outcome, sorted({{"pandas", "duckdb", "detect_secrets", "rich", "dagster"}} & sys.modules.keys()))
import pyarrow
print(list(pyarrow.table({{"a": [1]}}).to_pandas()["a"]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=PROJECT_ROOT, check=True)
    assert done.stdout.splitlines() == ["imported []", "[1]"]


@pytest.mark.parametrize(("scale", "found"), [(None, [None] * 3), ((1, 10), [2 / 3, 0, None])])
def test_where_scores_are_withdrawn_a_limit_is_not_wrong_either(
    tmp_path: Path, layout: Layout, scale: tuple[float, float] | None, found: list[float | None]
) -> None:
    limit = {"type": "token", "limit": 9}
    ended: list[dict[str, object]] = [
        {"scores": {"judge": {"value": 7}}},
        {"scores": {"judge": {"value": 1}}, "limit": limit},
        {"limit": limit},
    ]
    members: dict[str, object] = {"header.json": HEADER}
    for epoch, fields in enumerate(ended, 1):
        members[f"samples/{epoch}.json"] = sample("q", epoch, output=answered("so"), choices=None, **fields)
    (report,) = import_paths([archive(tmp_path / "a.eval", members)], layout, scale=scale).reports
    assert [row["score"] for row in sorted(rows(layout, "samples"), key=lambda row: row["epoch"])] == found
    (known,) = rows(layout, "imports")
    assert known["is_judged"] == (scale is not None)
    assert known["n_unscored"] == (0 if scale else 3)
    assert ("3 of 3 samples have no score" in report.message) == (scale is None)
