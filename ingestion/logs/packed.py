"""Files that are compressed alone (`.gz`, `.zst`, `.xz`, `.bz2`), read as what they hold."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from pathlib import Path
from typing import IO, cast

import pyarrow as pa

from ingestion.logs.records import RefusedFileError

COMPRESSED = (".gz", ".zst", ".xz", ".bz2")

DAMAGED = (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error, OSError)
"""What reading damaged compressed bytes raises."""


def suffix_of(path: Path) -> str:
    """The suffix that says what a file holds, in lower case: `.csv`, and `.csv.gz` of a compressed one."""
    last = path.suffix.lower()
    return Path(path.stem).suffix.lower() + last if last in COMPRESSED else last


def open_bytes(path: Path) -> IO[bytes]:
    """A file's bytes, unpacked on the way where its name says that it is compressed.

    Raises:
        RefusedFileError: if it cannot be opened.
    """
    try:
        match path.suffix.lower():
            case ".gz":
                return cast("IO[bytes]", gzip.open(path))
            case ".xz":
                return cast("IO[bytes]", lzma.open(path))
            case ".bz2":
                return cast("IO[bytes]", bz2.open(path))
            case ".zst":
                # Arrow's reader: zstandard's own takes a cut-off file for a whole one.
                return cast("IO[bytes]", io.BufferedReader(pa.input_stream(str(path), compression="zstd")))
            case _:
                return path.open("rb")
    except OSError as error:
        raise RefusedFileError(
            f"cannot be opened: {error.strerror or error}; check the path, its permissions"
        ) from error
