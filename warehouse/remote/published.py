"""Published files go to an object store, for readers: written over, with a mark that says that they belong together."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from warehouse.layout import Layout, not_hidden
from warehouse.leftovers import temporary_beside
from warehouse.lock import locked
from warehouse.remote.fetch import AT_ONCE
from warehouse.remote.store import RemoteError, Store, sha256_of
from warehouse.tell import TellStep

PUBLISHED = "published"
"""The folder below an address that published files are in, as below a warehouse's root."""

SUCCESS = f"{PUBLISHED}/_SUCCESS"
"""As Hadoop has it: there only while the files beside it are all of one publish. It holds their hashes."""


def push_published(layout: Layout, address: str, progress: TellStep | None = None) -> int:
    """Make an address hold what is published here, and return how many files went.

    Objects that were published from a warehouse before and are published no longer are removed; others stay.

    Raises:
        RemoteError: if nothing is published, or the store does not answer or take a file.
        warehouse.lock.LockedError: if another process builds, publishes or pushes.
    """
    with locked(layout.build_lock, "a build, publish or push ({holder}) is at work"):
        if not layout.published_database.is_file():
            raise RemoteError("nothing is published yet: incoherence build && incoherence publish")
        files = {layout.path_of(file): file for file in not_hidden(layout.published.rglob("*")) if file.is_file()}
        here = {path: sha256_of(file) for path, file in files.items()}
        store = Store(address)
        there = _hashes(store)
        going = [path for path, sha256 in here.items() if there.get(path) != sha256]
        gone = [path for path, sha256 in there.items() if path not in here and path != SUCCESS and sha256]
        if not going and not gone and SUCCESS in there:
            return 0
        if SUCCESS in there:
            store.delete(SUCCESS)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            uploads = pool.map(lambda path: store.upload(files[path], path, here[path], over="anything"), going)
            for n_done, (path, _) in enumerate(zip(going, uploads, strict=True), 1):
                if progress:
                    progress(f"pushing {path}", n_done, len(going))
        for path in gone:
            store.delete(path)
        _mark(layout, store, here)
        return len(going)


def _hashes(store: Store) -> dict[str, str | None]:
    """Path → hash of what is there; None for what no push has put there."""
    there = list(store.listed(PUBLISHED))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip(there, pool.map(store.hash_of, there), strict=True))


def _mark(layout: Layout, store: Store, here: Mapping[str, str]) -> None:
    temporary = temporary_beside(layout.remote_record)
    try:
        temporary.write_text(json.dumps(here, indent=1), encoding="utf-8")
        store.upload(temporary, SUCCESS, sha256_of(temporary), over="anything")
    finally:
        temporary.unlink(missing_ok=True)
