"""Raw files that lie in an object store come to this machine, where they are built from like any others.

`RAW_ROOT` is read and never written to here. What is there and not here is downloaded, checked, and appears all at
once; what came before is not asked for again. So a build sees whole files of one state, also without a network.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pyarrow as pa
import pyarrow.parquet as pq

from warehouse import environment
from warehouse.durable import flush, flush_folder
from warehouse.layout import Layout
from warehouse.leftovers import temporary_beside
from warehouse.parquet import EMPTY_FILE
from warehouse.raw import imported, is_import, same_rows
from warehouse.remote.record import Known, known, remember
from warehouse.remote.store import Remote, RemoteError, Store, checked, sha256_of
from warehouse.schemas import IMPORTS, QUARANTINE, RAW_TABLES
from warehouse.tell import TellStep

VARIABLE = "RAW_ROOT"
"""Where raw data lies besides this warehouse's own."""

RAW = "raw"
"""The folder below an address that raw files are in, as below a warehouse's root."""

AT_ONCE = 8
"""Files on their way at one time: most are small, and wait for the store's answer."""

MOST_NAMED = 5


@dataclass(frozen=True)
class Fetched:
    """What a look at an object store has changed here.

    Attributes:
        address: of the store.
        n_files: raw files that came.
        n_bytes: their size.
        withdrawn: paths of files that had come from there and are there no longer; they were set aside.
        n_ahead: files that were written anew here since they came or went; they count as they are here.
    """

    address: str
    n_files: int
    n_bytes: int
    withdrawn: tuple[str, ...]
    n_ahead: int

    def __str__(self) -> str:
        """A sentence for people, or nothing where nothing has changed."""
        told = []
        if self.n_files:
            told.append(f"raw files: {self.n_files:,} ({self.n_bytes / 1e6:,.1f} MB) came from {self.address}")
        if self.withdrawn:
            told.append(
                f"{len(self.withdrawn)} that had come from there are gone there, and were set aside in withdrawn/: "
                f"{named(self.withdrawn)}"
            )
        if self.n_ahead:
            told.append(f"{self.n_ahead} were written or removed here since, and count as they are here")
        return "; ".join(told)


def raw_root() -> str | None:
    """The address that `RAW_ROOT` names, from the environment or a `.env` file; None where it names none.

    Raises:
        RemoteError: if it is no address of an object store, or holds credentials.
    """
    address = environment.value(VARIABLE)
    return checked(VARIABLE, address) if address else None


def fetch(layout: Layout, address: str, progress: TellStep | None = None) -> Fetched:
    """Bring the raw files of an address here.

    The caller holds the warehouse's build lock.

    Raises:
        RemoteError: if the store cannot be read, a file is off the contract or not what was pushed, or a file is here
            and there with other rows. Nothing was changed then; what was downloaded is kept for the next time.
    """
    store, before = Store(address), known(layout, address)
    there = listed(store)
    gone = [path for path, was in before.items() if was.is_fetched and path not in there]
    if gone and not there:
        raise RemoteError(f"{address}: holds no raw files, and {len(gone)} had come from there; is {VARIABLE} right?")
    after = {path: was for path, was in before.items() if path in there}
    new = {path: remote for path, remote in there.items() if path not in before or not before[path].is_still(remote)}
    same = _here_already(layout, store, new)
    coming = {path: remote for path, remote in new.items() if path not in same}
    arrived = _download(layout, store, coming, progress)
    _refuse_conflicts(layout, address, arrived, before)
    _appear(layout, arrived)
    for path, sha256 in (same | {path: sha256_of(layout.at(path)) for path in arrived}).items():
        after[path] = Known.of(layout.at(path), there[path], sha256, is_fetched=path in arrived)
    withdrawn = tuple(path for path in gone if _set_aside(layout, path, before[path]))
    if after != before:
        remember(layout, address, after)
    n_ahead = sum(1 for path in after if path in before and not after[path].is_still_here(layout.at(path)))
    n_bytes = sum(remote.size for remote in coming.values())
    return Fetched(address, len(coming), n_bytes, withdrawn, n_ahead)


def listed(store: Store) -> dict[str, Remote]:
    """The raw files of a store, by their path below its address; imports last, for they make their files count.

    Raises:
        RemoteError: if the store does not answer.
    """
    found = store.listed(RAW)
    return {path: found[path] for path in imports_last(path for path in found if _is_raw_file(path))}


def imports_last(paths: Iterable[str]) -> list[str]:
    """Paths in an order in which no row of `imports` comes before what it makes count."""
    return sorted(paths, key=lambda path: (PurePosixPath(path).parts[1] == IMPORTS.name, path))


def named(paths: Iterable[str]) -> str:
    """The first few of them."""
    found = list(paths)
    more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
    return f"{', '.join(found[:MOST_NAMED])}{more}"


def _is_raw_file(path: str) -> bool:
    """Whether an object is a file of a table that this version knows; names are not trusted."""
    parts = PurePosixPath(path).parts
    return (
        len(parts) > 2
        and parts[0] == RAW
        and parts[1] in RAW_TABLES.keys() - {QUARANTINE.name}
        and not any(part.startswith(".") for part in parts)
        and path.endswith(".parquet")
        and parts[-1] != EMPTY_FILE
    )


def _here_already(layout: Layout, store: Store, new: Mapping[str, Remote]) -> dict[str, str]:
    """Paths of files that are here with the content that they have there, and its hash; nothing is downloaded."""

    def same(path: str) -> str | None:
        here = layout.at(path)
        if not here.is_file() or here.stat().st_size != new[path].size:
            return None
        sha256 = sha256_of(here)
        return sha256 if store.hash_of(path) == sha256 else None

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return {path: sha256 for path, sha256 in zip(new, pool.map(same, new), strict=True) if sha256}


def _download(layout: Layout, store: Store, coming: Mapping[str, Remote], progress: TellStep | None) -> dict[str, Path]:
    """Path → where the whole file is, not yet among the raw files. What an earlier try has brought is used."""

    def one(path: str) -> Path:
        file = layout.fetching.joinpath(_name_of(store.address, path, coming[path]))
        if not file.is_file():
            temporary = temporary_beside(file)
            try:
                store.download(path, temporary)
                if why := why_no_raw_file(path, temporary):
                    raise RemoteError(f"{store.address}/{path}: {why}. Nothing was fetched")
                with temporary.open("rb") as handle:
                    flush(handle.fileno())
                temporary.replace(file)
            finally:
                temporary.unlink(missing_ok=True)
        return file

    if not coming:
        return {}
    layout.fetching.mkdir(parents=True, exist_ok=True)
    arrived: dict[str, Path] = {}
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        for path, file in zip(coming, pool.map(one, coming), strict=True):
            arrived[path] = file
            if progress:
                progress(f"fetching {path}", len(arrived), len(coming))
    finally:
        pool.shutdown(cancel_futures=True)
    return arrived


def _name_of(address: str, path: str, remote: Remote) -> str:
    told = "\n".join((address, path, str(remote.size), str(remote.e_tag)))
    return f"{hashlib.sha256(told.encode()).hexdigest()}.parquet"


def why_no_raw_file(path: str, file: Path) -> str | None:
    """What is wrong with a file that is to be at a path of the raw layer; None if it meets its table's contract."""
    try:
        return RAW_TABLES[PurePosixPath(path).parts[1]].why_off_contract(pq.read_schema(file))
    except pa.ArrowInvalid:
        return "this is no Parquet file"


def _refuse_conflicts(layout: Layout, address: str, arrived: Mapping[str, Path], before: Mapping[str, Known]) -> None:
    """Refuse what both sides have written; of what says the same, or is one log imported twice, theirs counts."""
    here = imported(layout)
    both = [path for path in arrived if layout.at(path).is_file()]
    conflicts = [
        path
        for path in both
        if not (path in before and before[path].is_still_here(layout.at(path)))
        and not (path not in before and is_import(layout.at(path).stem) and layout.at(path).stem in here)
        and not same_rows(layout.at(path), arrived[path])
    ]
    if conflicts:
        raise RemoteError(
            f"{address}: {len(conflicts)} raw files are here too, with other rows: {named(conflicts)}. One of the two "
            "has to go: move it away here, or remove it there. Nothing was fetched"
        )


def _appear(layout: Layout, arrived: Mapping[str, Path]) -> None:
    """Give all of them their names, which takes milliseconds."""
    finals = {path: layout.at(path) for path in imports_last(arrived)}
    for final in finals.values():
        final.parent.mkdir(parents=True, exist_ok=True)
    for path, final in finals.items():
        arrived[path].replace(final)
    for folder in {final.parent for final in finals.values()}:
        flush_folder(folder)
    shutil.rmtree(layout.fetching, ignore_errors=True)


def _set_aside(layout: Layout, path: str, was: Known) -> bool:
    """Move a file out of the raw layer, unless it has become this warehouse's own. It may be the last copy."""
    if not was.is_still_here(layout.at(path)):
        return False
    aside = layout.withdrawn.joinpath(*path.split("/"))
    aside.parent.mkdir(parents=True, exist_ok=True)
    layout.at(path).replace(aside)
    return True
