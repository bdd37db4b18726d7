"""The kinds of logs that can be imported."""

from __future__ import annotations

from pathlib import Path

from ingestion.inspect_log import InspectFormat
from ingestion.lm_eval_log import LmEvalFormat
from ingestion.records import LogFormat, RefusedFileError

FORMATS: tuple[LogFormat, ...] = (InspectFormat(), LmEvalFormat())
"""Every reader that tells its files by their content, in the order in which they are asked."""

SUFFIXES = sorted({suffix for known in FORMATS for suffix in known.suffixes})
"""Which files of a folder to look at."""


def choose(name: str | None, mapping: Path | None = None) -> LogFormat | None:
    """The reader that the caller wants for all files; None to tell each file by itself.

    Raises:
        ValueError: if there is no such reader, or the mapping is not valid.
    """
    return format_named(name) if name else None


def format_named(name: str) -> LogFormat:
    """The reader called `name`; `lm-eval` and `lm_eval` are one name.

    Raises:
        ValueError: if there is none.
    """
    for log_format in FORMATS:
        if log_format.name == name.replace("-", "_"):
            return log_format
    raise ValueError(f"unknown log format {name!r}; choose one of: {', '.join(known.name for known in FORMATS)}")


def is_log(path: Path) -> bool:
    """Whether any reader takes the file for its own."""
    return any(known.sniff(path) for known in FORMATS)


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
