"""Raw files of this warehouse go to an object store, where other warehouses fetch them from.

Raw files are immutable: an object that is there is not written over, unless this warehouse put or fetched it itself,
has written the file anew since, and is asked to say so there too.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.layout import Layout
from warehouse.leftovers import temporary_beside
from warehouse.lock import locked
from warehouse.raw import PROVENANCE, files_with_rows, is_import, same_rows
from warehouse.remote.fetch import AT_ONCE, RAW, imports_last, listed, named, why_no_raw_file
from warehouse.remote.record import Known, known, remember
from warehouse.remote.store import Remote, RemoteError, Store, sha256_of
from warehouse.schemas import IMPORTS, QUARANTINE, RAW_TABLES
from warehouse.sql_text import literal
from warehouse.tell import TellStep

State = Literal["new", "same", "there", "anew", "other"]
"""Of a file: not there; there with the same bytes; there with the same rows; there as it was here before,
and written anew here; there with rows that were never here."""


@dataclass(frozen=True)
class Pushed:
    """What went to a store.

    Attributes:
        n_files: raw files that went.
        n_bytes: their size.
        n_there: raw files that were there already.
        replaced: paths of objects that were written over.
        deleted: paths of objects that were removed there, because they were removed here.
        removed_here: paths of objects that are there still, and were removed here since they went.
    """

    n_files: int
    n_bytes: int
    n_there: int
    replaced: tuple[str, ...]
    deleted: tuple[str, ...]
    removed_here: tuple[str, ...]


def push(layout: Layout, address: str, *, replace: bool = False, progress: TellStep | None = None) -> Pushed:
    """Copy every raw file to an address that does not have it.

    Each goes in one request, whole or not at all, with its SHA-256; what an interrupted push has brought there is known
    the next time.

    Args:
        layout: the warehouse.
        address: as `warehouse.remote.store.checked` returns it.
        replace: write over what this warehouse itself has pushed or fetched and has written anew since, and remove what
            it has pushed and removed here since. Never what another has changed since.
        progress: is called with each file.

    Raises:
        RemoteError: if a file is off the contract, or the store does not answer, does not take one, or holds other
            content under a file's name; all such are named, and nothing was pushed.
        warehouse.lock.LockedError: if another process builds, publishes or pushes.
    """
    with locked(layout.build_lock, "a build, publish or push ({holder}) is at work"):
        store, before = Store(address), known(layout, address)
        there = listed(store)
        states = _compared(layout, store, there, before)
        _refuse(address, states, replace=replace)
        removed = [
            path
            for path, was in before.items()
            if not was.is_fetched and was.is_still(there.get(path)) and not layout.at(path).exists()
        ]
        after = {path: was for path, was in before.items() if path in there}
        for path in (path for path, state in states.items() if state == "same"):
            after[path] = Known.of(layout.at(path), there[path], sha256_of(layout.at(path)), is_fetched=False)
        going = imports_last(path for path, state in states.items() if state in ("new", "anew"))
        for path in going:
            if why := why_no_raw_file(path, layout.at(path)):
                raise RemoteError(f"{layout.at(path)}: {why}. Nothing was pushed")
        replaced = tuple(path for path in going if states[path] == "anew")
        try:
            _upload(layout, store, going, there, after, progress)
            for path in removed if replace else ():
                store.delete(path)
                del after[path]
        finally:
            if after != before:
                remember(layout, address, after)
    n_bytes = sum(after[path].size for path in going)
    told = tuple(removed)
    return Pushed(
        len(going), n_bytes, len(states) - len(going), replaced, told if replace else (), () if replace else told
    )


def n_not_there(layout: Layout, address: str) -> int:
    """How many raw files are not at an address as they are here, as far as is known here: nothing is asked of it."""
    there = known(layout, address)
    return sum(not (path in there and there[path].is_still_here(layout.at(path))) for path in _pushable(layout))


def _pushable(layout: Layout) -> list[str]:
    tables = [table for table in RAW_TABLES if table != QUARANTINE.name]
    return [layout.path_of(file) for table in tables for file in files_with_rows(layout, table)]


def _compared(
    layout: Layout, store: Store, there: Mapping[str, Remote], before: Mapping[str, Known]
) -> dict[str, State]:
    here = _pushable(layout)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        states = pool.map(lambda path: _state(layout, store, path, there, before.get(path)), here)
        return dict(zip(here, states, strict=True))


def _state(layout: Layout, store: Store, path: str, there: Mapping[str, Remote], was: Known | None) -> State:
    file = layout.at(path)
    if path not in there:
        return "new"
    is_known = was is not None and was.is_still(there[path])
    if is_known and was is not None and was.is_still_here(file):
        return "there"
    if there[path].size == file.stat().st_size and store.hash_of(path) == sha256_of(file):
        return "same"
    # One log that two warehouses imported is one and the same.
    if was is None and is_import(file.stem) and f"{RAW}/{IMPORTS.name}/{file.name}" in there:
        return "there"
    theirs = temporary_beside(layout.remote_record.with_name(f"{file.name}-{sha256_of(file)[:16]}"))
    try:
        store.download(path, theirs)
        if same_rows(file, theirs):
            return "there"
        return "anew" if is_known and not _loses_samples(path, theirs, file) else "other"
    except pa.ArrowInvalid:  # no Parquet
        return "other"
    finally:
        theirs.unlink(missing_ok=True)


def _loses_samples(path: str, old: Path, new: Path) -> bool:
    """Whether samples that were paid for are in an old file alone: another machine drew them.

    What a log or a training says is written anew from it; samples that the sampler drew are in its responses alone.
    """
    parts = PurePosixPath(path)
    if parts.parts[1] != "samples" or is_import(parts.stem):
        return False
    shared = set(pq.read_schema(old).names) & set(pq.read_schema(new).names) - set(PROVENANCE)
    rows = [f"select {', '.join(sorted(shared))} from read_parquet({literal(str(file))})" for file in (old, new)]
    with duckdb.connect() as con:
        (lost,) = con.execute(f"select count(*) from ({rows[0]} except all {rows[1]})").fetchone() or (0,)
    return bool(lost)


def _refuse(address: str, states: Mapping[str, State], *, replace: bool) -> None:
    others = [path for path, state in states.items() if state == "other"]
    if others:
        raise RemoteError(
            f"{address}: {len(others)} raw files are there with other rows: {named(others)}. Raw files are immutable, "
            "and none is written over: move them away there, or push to another prefix. Nothing was pushed"
        )
    anew = [path for path, state in states.items() if state == "anew"]
    if anew and not replace:
        raise RemoteError(
            f"{address}: {len(anew)} raw files are there as they were here before: {named(anew)}. "
            "`incoherence push --replace` writes them over. Nothing was pushed"
        )


def _upload(
    layout: Layout,
    store: Store,
    going: list[str],
    there: Mapping[str, Remote],
    after: dict[str, Known],
    progress: TellStep | None,
) -> None:
    """Push files, imports last, and note each in `after`."""

    def one(path: str) -> Known:
        file = layout.at(path)
        sha256 = sha256_of(file)
        try:
            new = store.upload(file, path, sha256, over=there.get(path))
        except FileExistsError:
            raise RemoteError(
                f"{store.address}/{path}: another push has just put it there; run this again to compare the two"
            ) from None
        return Known.of(file, new, sha256, is_fetched=False)

    of_imports = [path for path in going if PurePosixPath(path).parts[1] == IMPORTS.name]
    n_done = 0
    for batch in (going[: len(going) - len(of_imports)], of_imports):
        with ThreadPoolExecutor(AT_ONCE) as pool:
            tasks = {pool.submit(one, path): path for path in batch}
            try:
                for task in as_completed(tasks):
                    after[tasks[task]] = task.result()
                    n_done += 1
                    if progress:
                        progress(f"pushing {tasks[task]}", n_done, len(going))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
