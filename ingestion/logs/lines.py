"""Lines of a text file, read one at a time within bounds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ingestion.logs.records import RefusedFileError, Unreadable

MAX_LINE_BYTES = 256 * 2**20
"""Longest line that is read; a longer one is quarantined."""


def numbered_lines(path: Path) -> Iterator[tuple[str, bytes | Unreadable]]:
    """Each line that is not blank, with its place (`line 1`, …); one that is too long comes as `Unreadable`.

    Raises:
        RefusedFileError: if the file cannot be opened.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise RefusedFileError(f"cannot be opened: {error.strerror}; check the path and its permissions") from error
    with file:
        number = 0
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
