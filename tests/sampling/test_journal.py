from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ingestion.sampling import JournalError
from ingestion.sampling.journal.records import (
    Answered,
    End,
    Header,
    SegmentWriter,
    close_segment,
    locked,
    read,
    read_segment,
    recover,
    segments,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HEADER = Header(1, "t", "m", "c", "choice", "e", NOW, {}, {})


def answer(number: int, response: str = '{"a": "line\\nbreak ☃"}\n') -> Answered:
    return Answered(f"item {number}", "k", "d", "none", 1, 4, "r", "openai.chat", NOW, response)


def write(folder: Path, *records: Answered) -> SegmentWriter:
    writer = SegmentWriter(folder, HEADER)
    for record in records:
        writer.write(writer.encode(record))
    return writer


def test_records_come_back_as_they_were(tmp_path: Path) -> None:
    records = [answer(1), answer(2, '\x00\ud7ff\U0001f600 \\ " verbatim, whatever it is')]
    write(tmp_path, *records).close("success")
    assert [path.name for path in segments(tmp_path)] == ["000001.jsonl.zst"]
    assert list(read(tmp_path)) == [HEADER, *records, End("success")]


def test_a_torn_end_is_left_out_wherever_it_is_torn(tmp_path: Path) -> None:
    writer = write(tmp_path, answer(1), answer(2))
    whole = writer.path.read_bytes()
    ends = [index + 1 for index, byte in enumerate(whole) if byte == ord("\n")]
    for size in range(len(whole) + 1):
        torn = tmp_path / "torn.jsonl"
        torn.write_bytes(whole[:size])
        n_whole = sum(end <= size for end in ends)
        assert list(read_segment(torn)) == [HEADER, answer(1), answer(2)][:n_whole]


def test_the_next_run_closes_what_a_killed_one_left_open(tmp_path: Path) -> None:
    writer = write(tmp_path, answer(1))
    with writer.path.open("ab") as handle:
        handle.write(b'{"kind":"response","item_id":"torn')
    recover(tmp_path)
    assert [path.name for path in segments(tmp_path)] == ["000001.jsonl.zst"]
    write(tmp_path, answer(2)).close("success")
    assert [r.item_id for r in read(tmp_path) if isinstance(r, Answered)] == ["item 1", "item 2"]


def test_a_kill_while_a_segment_is_closed_doubles_nothing(tmp_path: Path) -> None:
    writer = write(tmp_path, answer(1))
    content = writer.path.read_bytes()
    close_segment(writer.path)
    writer.path.write_bytes(content)  # killed before the open file was removed
    assert len(list(read(tmp_path))) == 2
    recover(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["000001.jsonl.zst"]


def test_a_second_sampler_is_refused_and_told_who_the_first_is(tmp_path: Path) -> None:
    message = rf"another sampler \(process {os.getpid()}\) is working on this partition; wait"
    with locked(tmp_path), pytest.raises(JournalError, match=message), locked(tmp_path):
        raise AssertionError("both hold the partition")
    with locked(tmp_path):
        pass
