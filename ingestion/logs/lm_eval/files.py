"""Which files of an lm-evaluation-harness run belong together, in every layout that it has written.

- since 0.4.3: `samples_<task>_<time>.jsonl` beside `results_<time>.json`, or beside `<name>_<time>.json` where the run
  was given `--output_path <name>.json`;
- 0.4.0 to 0.4.2: `<model_args>_<task>.jsonl` beside `results.json`, or beside the file that `--output_path` named.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingestion.logs.json_text import BAD_JSON, decode
from ingestion.logs.records import RefusedFileError

MAX_RESULTS_BYTES = 256 * 2**20
"""Largest results file that is read."""

_SAMPLES_NAME = re.compile(r"samples_(?P<task>.+)_(?P<stamp>\d{4}-\d\d-\d\dT\d\d[-:]\d\d[-:]\d\d(?:\.\d+)?)\.jsonl")
_MOST_FILES = 100


@dataclass(frozen=True)
class OutputFiles:
    """A samples file with the results that it belongs to.

    Attributes:
        results: the results file, which may be missing.
        task: the task's name.
        stamp: when it was run, as the name says; None in the old layout.
    """

    results: Path
    task: str
    stamp: str | None


def has_samples_name(path: Path) -> bool:
    """Whether it is named as the harness names its samples since 0.4.3."""
    return _SAMPLES_NAME.fullmatch(path.name) is not None


def files_of(samples: Path) -> OutputFiles | None:
    """The run's files, found by their names; None if the name is none of the harness's."""
    if (match := _SAMPLES_NAME.fullmatch(samples.name)) is None:
        return _old_layout(samples)
    results = samples.with_name(f"results_{match['stamp']}.json")
    if not results.is_file():
        others = sorted(samples.parent.glob(f"*_{match['stamp']}.json"))
        results = others[0] if others else results
    return OutputFiles(results, match["task"], match["stamp"])


def _old_layout(samples: Path) -> OutputFiles | None:
    """The results that know a task at the end of the file's name."""
    for path in _jsons_beside(samples):
        try:
            tasks = read_results(path).get("configs")
        except (OSError, RefusedFileError, *BAD_JSON):
            continue
        known = [task for task in tasks if samples.stem.endswith(f"_{task}")] if isinstance(tasks, dict) else []
        if known:
            return OutputFiles(path, max(known, key=len), None)
    return None


def _jsons_beside(samples: Path) -> Iterator[Path]:
    try:
        others = itertools.islice(samples.parent.glob("*.json"), _MOST_FILES)
        yield from sorted(others, key=lambda path: (path.name != "results.json", path.name))
    except OSError:
        return


def read_results(path: Path) -> dict[str, Any]:
    """What a results file says.

    Raises:
        RefusedFileError: if it is too large.
        OSError: if it cannot be read.
        ValueError: or another of `BAD_JSON`, if it is no JSON object.
    """
    if path.stat().st_size > MAX_RESULTS_BYTES:
        raise RefusedFileError(f"{path.name} is over the limit of {MAX_RESULTS_BYTES} bytes")
    return decode(path.read_bytes(), dict[str, Any])
