"""The kinds of logs that can be imported."""

from __future__ import annotations

from pathlib import Path

from ingestion.logs.inspect.log import InspectFormat
from ingestion.logs.lm_eval.log import LmEvalFormat
from ingestion.logs.records import LogFormat, RefusedFileError
from ingestion.logs.score_options import ScoreOptions
from ingestion.logs.survey import SurveyFormat
from ingestion.logs.swe_bench.log import SweBenchFormat
from ingestion.logs.table.files import SUFFIXES as TABLE_SUFFIXES
from ingestion.logs.table.files import is_table
from ingestion.logs.table.log import TableFormat
from ingestion.logs.table.mapping_file import MappingError

_SWE_BENCH = SweBenchFormat()

FORMATS: tuple[LogFormat, ...] = (InspectFormat(), LmEvalFormat(), SurveyFormat(), _SWE_BENCH)
"""Every reader that tells its files by their content, in the order in which they are asked."""

_SCORED = {known.name: known for known in (InspectFormat, LmEvalFormat)}
"""Readers of logs whose scores may need a word from a person."""

SUFFIXES = sorted({suffix for known in FORMATS for suffix in known.suffixes} | set(TABLE_SUFFIXES))
"""Which files of a folder to look at."""

FOLDER_MAPPING = "mapping.yaml"
"""Mapping of all tables in its folder; `<file>.mapping.yaml` is the mapping of one."""

_PACKED = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".zst", ".7z", ".rar")

_NAMES = tuple(name.replace("_", "-") for name in (*(known.name for known in FORMATS), TableFormat.name))


def choose(name: str | None, mapping: Path | None = None, options: ScoreOptions | None = None) -> LogFormat | None:
    """The reader that the caller wants for all files; None to tell each file by itself.

    Raises:
        ValueError: if there is no such reader, or the mapping is not valid, or what is given does not go together.
    """
    name = name.replace("-", "_") if name else None
    if options and (mapping is not None or name not in (None, *_SCORED)):
        raise ValueError(
            "a scorer, a scale and grades go with logs of Inspect and lm-eval; for a table, its mapping says them"
        )
    if mapping is not None and name in (None, TableFormat.name):
        return TableFormat(mapping)
    if mapping is not None:
        raise ValueError(f"a mapping goes with tables, not with {name}; leave out one of the two")
    if name in _SCORED:
        return _SCORED[name](options)
    return None if name is None or name == TableFormat.name else format_named(name)


def format_named(name: str) -> LogFormat:
    """The reader called `name`, of those that need no mapping.

    Raises:
        ValueError: if there is none.
    """
    for log_format in FORMATS:
        if log_format.name == name:
            return log_format
    raise ValueError(f"unknown log format {name!r}; choose one of: {', '.join(_NAMES)}")


def is_folder_log(path: Path, wanted: LogFormat | None = None) -> bool:
    """Whether a folder is one log as a whole, for the wanted reader or for any."""
    return (wanted is None or wanted.name == _SWE_BENCH.name) and _SWE_BENCH.sniff(path)


def mapping_beside(path: Path) -> Path | None:
    """The mapping file that lies beside a table, for it alone or for its folder."""
    for name in (f"{path.name}.mapping.yaml", FOLDER_MAPPING):
        if is_table(path) and (found := path.with_name(name)).is_file():
            return found
    return None


def is_log(path: Path) -> bool:
    """Whether any reader takes the file for its own."""
    return any(known.sniff(path) for known in FORMATS) or mapping_beside(path) is not None


def detect(path: Path, options: ScoreOptions | None = None) -> LogFormat:
    """The reader whose kind of log `path` is, with what the caller says about scores.

    Raises:
        RefusedFileError: if no reader knows the file.
    """
    for log_format in FORMATS:
        if log_format.sniff(path):
            return _SCORED[log_format.name](options) if options and log_format.name in _SCORED else log_format
    mapping = mapping_beside(path)
    if mapping is not None:
        try:
            return TableFormat(mapping)
        except MappingError as error:
            raise RefusedFileError(str(error)) from error
    if (run := _SWE_BENCH.run_of(path)) is not None:
        raise RefusedFileError(f"one part of a run of the SWE-bench harness; import the run's folder: {run}")
    if path.suffix.lower() in _PACKED and not is_table(path):
        raise RefusedFileError("packed: unpack it, and import the folder")
    if path.name.startswith("results_") and path.suffix == ".json":
        raise RefusedFileError("results of lm-eval are read with the samples_*.jsonl beside them; import the folder")
    if is_table(path):
        raise RefusedFileError(
            f"no log of a known kind ({', '.join(_NAMES)}); if it is a table, `incoherence import --sniff {path.name}` "
            "proposes a mapping, and `--mapping FILE` uses it"
        )
    raise RefusedFileError(f"no log of a known kind ({', '.join(_NAMES)}); name the kind with --format if it is one")
