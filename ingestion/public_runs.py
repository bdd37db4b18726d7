"""Repeated runs that others have published, ready to compare with: where they are, and how to get and import them.

Nothing of them comes with this package: a file is downloaded to the user's machine from a commit that does not change,
checked by its hash, kept in the warehouse's `downloads/`, and imported with the mapping for its layout.
"""

from __future__ import annotations

import sys
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urljoin

import pooch
import requests

from ingestion.logs.importer import FileReport, ImportSummary, import_paths
from ingestion.yaml import read_yaml
from warehouse.layout import Layout

CATALOGUE = Path(__file__).with_name("public_runs.yaml")
MAPPINGS = Path(__file__).parent / "logs" / "table" / "mappings"
TIMEOUT_S = 60.0
ARCHIVES = (".tgz", ".tar.gz")


class PublicRunsError(ValueError):
    """The runs cannot be had; the message says why, and how to get them by hand."""


@dataclass(frozen=True)
class PublicFile:
    """One file of a set.

    Attributes:
        url: where it is, at a fixed commit.
        sha256: of its content.
        n_bytes: its size.
        mapping: the mapping file for its layout.
    """

    url: str
    sha256: str
    n_bytes: int
    mapping: Path

    @property
    def name(self) -> str:
        """The last part of its address: mappings tell models by it."""
        return PurePosixPath(self.url).name


@dataclass(frozen=True)
class PublicRuns:
    """A set of repeated runs.

    Attributes:
        name: what `get` calls it.
        title: what it is.
        design: models × conditions × items × samples.
        licence: its licence, by its SPDX name.
        page: where its makers tell about it.
        files: what is downloaded.
    """

    name: str
    title: str
    design: str
    licence: str
    page: str
    files: tuple[PublicFile, ...]

    @property
    def n_bytes(self) -> int:
        """Size of the download."""
        return sum(file.n_bytes for file in self.files)


def catalogue() -> dict[str, PublicRuns]:
    """Every set that is known, by its name."""
    entries = read_yaml(CATALOGUE, "sets of runs").content
    return {
        name: PublicRuns(
            name=name,
            files=tuple(
                PublicFile(
                    urljoin(entry["base"], file["path"]), file["sha256"], file["bytes"], MAPPINGS / file["mapping"]
                )
                for file in entry["files"]
            ),
            **{field: entry[field] for field in ("title", "design", "licence", "page")},
        )
        for name, entry in entries.items()
    }


def find(name: str) -> PublicRuns:
    """The set of this name.

    Raises:
        PublicRunsError: if there is none; the message names those that there are.
    """
    known = catalogue()
    if name not in known:
        raise PublicRunsError(f"no public runs are called {name!r}; there are {', '.join(known)}")
    return known[name]


def get(runs: PublicRuns, layout: Layout, tell: Callable[[FileReport], None] | None = None) -> list[ImportSummary]:
    """Download a set, check it, and import it. What is there already is neither downloaded nor imported again.

    Args:
        runs: the set.
        layout: the warehouse.
        tell: called after each file that was imported, or refused.

    Returns:
        What became of the files, a summary for each mapping.

    Raises:
        PublicRunsError: if a file cannot be downloaded, or is not the one that is known.
    """
    downloaded = [(file.mapping, list(_downloaded(runs, file, layout))) for file in runs.files]
    mappings = dict.fromkeys(mapping for mapping, _ in downloaded)
    return [
        import_paths(
            [path for mapping, paths in downloaded if mapping == wanted for path in paths],
            layout,
            mapping=wanted,
            progress=tell,
        )
        for wanted in mappings
    ]


def _downloaded(runs: PublicRuns, file: PublicFile, layout: Layout) -> Iterator[Path]:
    """The file, or the files of the archive that it is."""
    folder = layout.download("public", runs.name)
    pooch.get_logger().setLevel("WARNING")  # it would name the file and its hash
    download = pooch.HTTPDownloader(progressbar=sys.stderr.isatty(), timeout=TIMEOUT_S)
    by_hand = f"download it from {runs.page} and import it with --mapping {file.mapping}"
    try:
        path = Path(pooch.retrieve(file.url, f"sha256:{file.sha256}", file.name, folder, downloader=download))
    except (requests.RequestException, OSError) as error:
        why = str(error) if isinstance(error, requests.HTTPError) else type(error).__name__
        raise PublicRunsError(f"{file.url}: cannot be downloaded ({why}); is there a network? Or {by_hand}") from None
    except ValueError:  # the hash
        raise PublicRunsError(
            f"{file.url}: its SHA-256 is not the known {file.sha256}; nothing was imported. Try again, or {by_hand}"
        ) from None
    if not file.name.endswith(ARCHIVES):
        yield path
        return
    with tarfile.open(path) as archive:
        members = [member for member in archive if member.isfile()]
        archive.extractall(folder, members, filter="data")
    yield from (folder / member.name for member in members)
