"""Lines of a text file, read one at a time within bounds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ingestion.logs.packed import DAMAGED, open_bytes
from ingestion.logs.records import Unreadable

MAX_LINE_BYTES = 256 * 2**20
"""Longest line that is read; a longer one is quarantined."""


def numbered_lines(path: Path) -> Iterator[tuple[str, bytes | Unreadable]]:
    """Each line that is not blank, with its place (`line 1`, …); what cannot be read comes as `Unreadable`.

    Raises:
        RefusedFileError: if the file cannot be opened.
    """
    number = 0
    with open_bytes(path) as file:
        try:
            while line := file.readline(MAX_LINE_BYTES + 1):
                number += 1
                place = f"line {number}"
                if len(line) > MAX_LINE_BYTES:
                    while line and not line.endswith(b"\n"):
                        line = file.readline(MAX_LINE_BYTES)
                    yield place, Unreadable(place, f"longer than the limit of {MAX_LINE_BYTES} bytes")
                    continue
                if number == 1:
                    line = line.removeprefix(b"\xef\xbb\xbf")
                if not line.isspace():
                    yield place, line
        except DAMAGED as error:
            place = f"line {number + 1}"
            yield place, Unreadable(place, f"cannot be read: {error}; nothing after it was read; is the file complete?")
