"""Files that are damaged, cut short, no logs, or made to do harm: refused or quarantined, and the rest is imported."""

from __future__ import annotations

import io
import json
import random
import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ingestion.logs.importer import ImportSummary, import_paths
from ingestion.logs.inspect import zip as inspect_zip
from ingestion.logs.json_text import decode
from tests.ingestion.conftest import files, rows
from tests.ingestion.inspect_runs import mcq_task, run_inspect
from warehouse.layout import Layout

HEADER = {
    "version": 2,
    "status": "success",
    "eval": {"eval_id": "e", "task": "t", "model": "p/m", "created": "2026-01-02T03:04:05+00:00"},
}
JOURNAL = {"version": 2, "eval": HEADER["eval"]}


def sample(item: str | int = "q", epoch: int = 1, **fields: object) -> dict[str, object]:
    return {"id": item, "epoch": epoch, "input": "?", "choices": ["x", "y"], "target": "A", **fields}


def answered(text: str) -> dict[str, object]:
    return {"choices": [{"message": {"role": "assistant", "content": text}, "stop_reason": "stop"}]}


def archive(path: Path, members: dict[str, object], *, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in members.items():
            file.writestr(name, content if isinstance(content, bytes) else json.dumps(content))
    return path


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_inspect(tmp_path_factory.mktemp("good"), mcq_task({"q": ["ANSWER: A", "ANSWER: B"]}))


def refused(summary: ImportSummary) -> str:
    assert summary.has_refused
    (message,) = [report.message for report in summary.reports if report.outcome == "refused"]
    assert "\n" not in message
    return message


def test_a_file_that_is_no_log_is_refused_and_the_rest_is_imported(tmp_path: Path, layout: Layout, good: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    (folder / "a.eval").write_text("not a zip")
    (folder / "settings.json").write_text('{"model": "m"}')
    shutil.copy(good, folder / "z.eval")
    summary = import_paths([folder], layout)
    assert [report.outcome for report in summary.reports] == ["refused", "imported"]
    assert summary.passed_over == (folder / "settings.json",)
    assert "cut short or damaged" in refused(summary)
    (quarantined,) = rows(layout, "quarantine")
    assert (quarantined["file_name"], quarantined["place"]) == ("a.eval", "file")
    assert [known["file_name"] for known in rows(layout, "imports")] == ["z.eval"]

    before = files(layout)
    again = import_paths([folder], layout)
    assert [report.outcome for report in again.reports] == ["refused", "unchanged"]
    assert files(layout) == before

    assert "no log of a known kind" in refused(import_paths([folder / "settings.json"], layout))
    assert "no such file" in refused(import_paths([folder / "missing.eval"], layout))
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "no log in this folder" in refused(import_paths([empty], layout))


def _chunked(path: Path) -> None:
    archive(path, {"header.json": HEADER, "samples/q_epoch_1/sample.json": sample()})


def _no_header(path: Path) -> None:
    archive(path, {"samples/q_epoch_1.json": sample()})


def _no_model(path: Path) -> None:
    archive(path, {"header.json": {**HEADER, "eval": {"task": "t", "model": ""}}})


def _newer(path: Path) -> None:
    archive(path, {"header.json": {**HEADER, "version": 3}})


def _unknown_status(path: Path) -> None:
    path.write_text(json.dumps({**HEADER, "status": "melted", "samples": []}))


def _cut_json(path: Path) -> None:
    path.write_text(json.dumps({**HEADER, "samples": [sample()]})[:-10])


def _deep_json(path: Path) -> None:
    path.write_text('{"eval": {"task": "t", "model": "m", "task_args": {"a": ' + "[" * 100_000)


def _quadratic_json(path: Path) -> None:
    path.write_text('{"eval": {"task": "' + '\\"' * 2_000_000)


def _latin1_json(path: Path) -> None:
    path.write_bytes(json.dumps({**HEADER, "status": "X"}).replace("X", "é").encode("latin-1"))


@pytest.mark.parametrize(
    ("make", "name", "reason"),
    [
        (_chunked, "a.eval", "chunks"),
        (_no_header, "a.eval", "without a readable header"),
        (_no_model, "a.eval", "empty"),
        (_newer, "a.eval", "newer"),
        (_unknown_status, "a.json", "melted"),
        (_cut_json, "a.json", "complete?"),
        (_deep_json, "a.json", "nested too deeply"),
        (_quadratic_json, "a.json", "complete?"),
        (_latin1_json, "a.json", "UTF-8"),
    ],
)
def test_a_whole_file_is_refused_with_its_reason(
    tmp_path: Path, layout: Layout, make: Callable[[Path], None], name: str, reason: str
) -> None:
    make(tmp_path / name)
    assert reason in refused(import_paths([tmp_path / name], layout))
    assert rows(layout, "samples") == rows(layout, "imports") == []


def test_unreadable_samples_are_quarantined_and_the_others_load(tmp_path: Path, layout: Layout) -> None:
    nested = b'{"id": 1, "epoch": 1, "input": "?", "scores": {"s": {"value": ' + b"[" * 50_000
    members: dict[str, object] = {
        "header.json": HEADER,
        "samples/good_epoch_1.json": sample("good", output=answered("ANSWER: B")),
        "samples/cut_epoch_1.json": json.dumps(sample("cut")).encode()[:-7],
        "samples/typed_epoch_1.json": sample("typed", epoch="one"),  # type: ignore[arg-type]
        "samples/latin_epoch_1.json": b'{"id": "\xff", "epoch": 1, "input": "?"}',
        "samples/zero_epoch_0.json": sample("zero", epoch=0),
        "samples/nested_epoch_1.json": nested,
        "samples/again_epoch_1.json": sample("good", output=answered("ANSWER: A")),
        "../../etc/passwd": b"root",
        "samples/../../../escape_epoch_1.json": sample("../../climber", output=answered("<answer>A</answer>")),
        "samples/surrogate_epoch_1.json": b'{"id": "half \\ud83d", "epoch": 1, "total_time": NaN, "target": "A", '
        b'"input": "\\ud83d\\ude00 \\\\ud83d NaN", "choices": ["x", "y"]}',
    }
    summary = import_paths([archive(tmp_path / "a.eval", members)], layout)
    assert [report.outcome for report in summary.reports] == ["imported"]
    loaded = {row["item_id"]: row for row in rows(layout, "samples")}
    assert set(loaded) == {"good", "../../climber", "half �"}
    assert loaded["good"]["choice_index"] == 1
    assert loaded["half �"]["latency_s"] is None
    questions = {row["item_id"]: row["question"] for row in rows(layout, "items")}
    assert questions["half �"] == "😀 \\ud83d NaN"
    quarantined = {row["place"]: row["reason"] for row in rows(layout, "quarantine")}
    assert set(quarantined) == {
        *(f"samples/{name}_epoch_1.json" for name in ("cut", "typed", "latin", "nested")),
        *("sample 'zero', epoch 0", "sample 'good', epoch 1", "../../etc/passwd"),
    }
    assert "$.epoch" in quarantined["samples/typed_epoch_1.json"]
    assert "nested too deeply" in quarantined["samples/nested_epoch_1.json"]
    assert summary.n_quarantined == len(quarantined) == 7
    assert not list(tmp_path.rglob("*climber*"))
    assert rows(layout, "imports")[0]["n_quarantined"] == 7


def test_the_last_of_two_members_with_one_name_counts(tmp_path: Path, layout: Layout) -> None:
    path = archive(tmp_path / "a.eval", {"header.json": HEADER, "samples/q_epoch_1.json": sample(output=answered("A"))})
    with zipfile.ZipFile(path, "a") as file, pytest.warns(UserWarning, match="Duplicate name"):
        file.writestr("samples/q_epoch_1.json", json.dumps(sample(output=answered("B"))))
    import_paths([path], layout)
    assert [row["choice_index"] for row in rows(layout, "samples")] == [1]
    assert [row["reason"] for row in rows(layout, "quarantine")] == ["written more than once; the last one counts"]


def test_a_killed_run_is_read_from_its_journal(tmp_path: Path, layout: Layout) -> None:
    members = {"_journal/start.json": JOURNAL, "samples/q_epoch_1.json": sample(output=answered("B"))}
    summary = import_paths([archive(tmp_path / "a.eval", members)], layout)
    assert summary.reports[0].run_status == "crashed"
    (row,) = rows(layout, "samples")
    assert (row["run_status"], row["source_ref"], row["choice_index"]) == ("crashed", "e/q/1", 1)
    assert row["created_at"].isoformat() == "2026-01-02T03:04:05+00:00"


def test_bombs_are_stopped_by_their_declared_size(
    tmp_path: Path, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inspect_zip, "MAX_MEMBER_BYTES", 2**20)
    bomb = b'{"id": "' + b"a" * 2**21
    members: dict[str, object] = {
        "header.json": HEADER,
        "samples/big_epoch_1.json": bomb,
        "samples/liar_epoch_1.json": bomb,
        "samples/q_epoch_1.json": sample(output=answered("A")),
    }
    path = archive(tmp_path / "a.eval", members)
    # The liar says that it is small; decompression stops there all the same.
    data = bytearray(path.read_bytes())
    entry = data.index(b"samples/liar", data.rindex(b"samples/big")) - 46
    struct.pack_into("<I", data, entry + 24, 1_000)
    path.write_bytes(data)
    import_paths([path], layout)
    reasons = {row["place"]: row["reason"] for row in rows(layout, "quarantine")}
    assert "over the limit" in reasons["samples/big_epoch_1.json"]
    assert "damaged" in reasons["samples/liar_epoch_1.json"]
    assert [row["item_id"] for row in rows(layout, "samples")] == ["q"]

    monkeypatch.setattr(inspect_zip, "MAX_TOTAL_BYTES", 2**20)
    path.write_bytes(bytes(data) + b" ")
    assert "uncompressed" in refused(import_paths([path], layout))

    monkeypatch.setattr(inspect_zip, "MAX_DIRECTORY_BYTES", 200)  # four members have more than that
    path.write_bytes(bytes(data) + b"  ")
    assert "a directory of" in refused(import_paths([path], layout))


@pytest.mark.parametrize("n_members", [3, 70_000])
@pytest.mark.parametrize("comment", [b"", b"PK" * 200])
def test_the_size_of_a_directory_is_known_before_it_is_read(n_members: int, comment: bytes) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.comment = comment
        for number in range(n_members):
            archive.writestr(f"m{number}", b"x")
    start = file.getvalue().index(b"PK\x01\x02")
    written = file.getvalue().rindex(b"PK\x06\x06" if n_members > 65_535 else b"PK\x05\x06")
    assert inspect_zip._directory_bytes(file) == written - start


def test_overlapping_members_are_refused(tmp_path: Path, layout: Layout) -> None:
    noise = random.Random(1).randbytes(50_000).hex()
    path = archive(tmp_path / "a.eval", {"header.json": HEADER, "samples/q_epoch_1.json": sample(input=noise)})
    body = path.read_bytes()
    start = body.index(b"PK\x01\x02")
    records = body[start : body.rindex(b"PK\x05\x06")]
    directory = records + records[records.rindex(b"PK\x01\x02") :] * 498
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 500, 500, len(directory), start, 0)
    path.write_bytes(body[:start] + directory + end)
    assert "overlap" in refused(import_paths([path], layout))


def test_more_values_than_memory_should_hold_are_not_decoded() -> None:
    swarm = b"[" + b"[]," * 2_000 + b"[]]"
    with pytest.raises(ValueError, match="over the limit of 1000 values"):
        decode(swarm, object, max_values=1_000)
    assert decode(b'"' + b"," * 900 + b'"', str, max_values=1_000) == "," * 900
    assert len(decode(swarm, list, max_values=10_000)) == 2_001
