"""The kinds of logs that can be imported."""

from __future__ import annotations

from pathlib import Path

from ingestion.inspect_log import InspectFormat
from ingestion.records import LogFormat, RefusedFileError

FORMATS: tuple[LogFormat, ...] = (InspectFormat(),)
"""Every reader, in the order in which they are asked whether a file is theirs."""


def format_named(name: str) -> LogFormat:
    """The reader called `name`.

    Raises:
        ValueError: if there is none.
    """
    for log_format in FORMATS:
        if log_format.name == name:
            return log_format
    raise ValueError(f"unknown log format {name!r}; choose one of: {', '.join(known.name for known in FORMATS)}")


def detect(path: Path) -> LogFormat:
    """The reader whose kind of log `path` is.

    Raises:
        RefusedFileError: if no reader knows the file.
    """
    for log_format in FORMATS:
        if log_format.sniff(path):
            return log_format
    names = " or ".join(known.name for known in FORMATS)
    raise RefusedFileError(f"not a log that can be read here ({names}); name the kind with --format if it is one")
