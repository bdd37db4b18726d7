"""Which files an import takes up: files, folders with everything below them, and patterns (`logs/**/*.eval`).

Folders are searched for files with a log's suffix. In a folder, a `.json` file that is by its first bytes no log (tools
leave manifests and settings beside their logs) is passed over; a folder without any log is refused. A file that is
named explicitly, or by a pattern, is always imported or refused.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from ingestion.logs.formats import SUFFIXES, is_folder_log, is_log
from ingestion.logs.packed import suffix_of
from ingestion.logs.records import LogFormat

Problem = str | None

APPLE_DOUBLE = "._"
"""macOS puts a file of attributes, named so, beside each file on a disk of another system, and into zip files."""


class Search:
    """The files of a list of paths, in the order of the paths and of names, each once.

    Args:
        paths: files, folders and patterns.
        warehouse: the warehouse's root, whose own files are no logs.
        chosen: the reader that the caller wants for all files.

    Attributes:
        passed_over: files of folders that are plainly no logs, so far.
    """

    def __init__(self, paths: Sequence[Path], warehouse: Path, chosen: LogFormat | None) -> None:
        self.passed_over: list[Path] = []
        self._paths = paths
        self._warehouse = warehouse
        self._chosen = chosen

    def __iter__(self) -> Iterator[tuple[Path, Problem]]:
        """Each file, or a path that gives none together with the reason."""
        several = len(self._paths) > 1 or any(map(is_pattern, self._paths))
        seen: set[str] = set()
        for path in (match for given in self._paths for match in expand(given)):
            for file, problem in self._below(path):
                if several:
                    resolved = os.path.realpath(file)
                    if resolved in seen:
                        continue
                    seen.add(resolved)
                yield file, problem

    def count(self) -> int:
        """How many files there are to look at; those that will be passed over are among them."""
        paths = [match for given in self._paths for match in expand(given)]
        return sum(sum(1 for _ in self._candidates(path)) if path.is_dir() else 1 for path in paths)

    def _below(self, path: Path) -> Iterator[tuple[Path, Problem]]:
        if not path.is_dir():
            yield path, self._problem(path)
            return
        found = False
        for file in self._logs_in(path):
            found = True
            yield file, None if file.is_dir() else self._problem(file)
        if not found:
            yield path, f"no log in this folder (looked for *{', *'.join(SUFFIXES)} and runs of the SWE-bench harness)"

    def _problem(self, path: Path) -> Problem:
        if is_pattern(path):
            return "no file matches this pattern"
        try:
            if path.is_file():
                return None
            return "not a regular file" if path.exists() else "no such file; check the path"
        except OSError as error:
            return f"cannot be looked at: {error.strerror}; check the permissions of its folder"

    def _logs_in(self, folder: Path) -> Iterator[Path]:
        for path in self._candidates(folder):
            # What cannot be opened is refused by name, not passed over.
            if self._chosen is None and path.is_file() and os.access(path, os.R_OK) and not is_log(path):
                self.passed_over.append(path)
            else:
                yield path

    def _candidates(self, folder: Path) -> Iterator[Path]:
        """In name order, without following links to folders; a folder that is one log as a whole is handed over so."""
        suffixes = self._chosen.suffixes if self._chosen else SUFFIXES
        for parent, folders, names in os.walk(folder):
            if Path(parent).resolve() == self._warehouse:
                folders.clear()
                continue
            if is_folder_log(Path(parent), self._chosen):
                folders.clear()
                yield Path(parent)
                continue
            folders.sort()
            logs = (name for name in sorted(names) if suffix_of(Path(name)) in suffixes)
            yield from (Path(parent, name) for name in logs if not name.startswith(APPLE_DOUBLE))


def is_pattern(path: Path) -> bool:
    """Whether it is a pattern and not the name of something that is there."""
    return glob.has_magic(str(path)) and not path.exists()


def expand(path: Path) -> list[Path]:
    """What a pattern matches (`**` is any depth), in name order; anything else, and what matches nothing, as it is."""
    if not is_pattern(path):
        return [path]
    # Path.glob takes no absolute pattern.
    return [Path(match) for match in sorted(glob.glob(str(path), recursive=True))] or [path]  # noqa: PTH207
