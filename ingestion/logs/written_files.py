"""What imports have written already: which raw files are of which file, and how many imports there were."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from functools import cached_property
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingestion.logs.import_file import REFUSED, Source, name_hash
from warehouse.layout import Layout

_WRITTEN_FROM_LOGS = (
    *("samples", "test_outcomes", "grades", "items", "conditions", "models", "survey_rankings", "quarantine"),
)


class WrittenFiles:
    """The raw files as they were when first asked for. Folders are walked once a batch, and only if need be."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def last_number(self) -> int:
        """The highest `import_number` so far; 0 if there is none."""
        # File by file: DuckDB takes 27 MiB for it.
        return max(map(_number_in, self._layout.raw_table("imports").glob("[!.]*.parquet")), default=0)

    def of_import(self, source: Source) -> set[Path]:
        """Files that hold rows of an import of this file, or say why it was refused."""
        # Before refusals had names of their own, they were named by the content or, if that was unreadable, the name.
        older = (source.sha256[:16], hashlib.sha256(os.fsencode(source.path)).hexdigest()[:16])
        return (
            self._by_stem[source.import_id]
            | {path for stem in older for path in self._by_stem[stem] if path.parent == self._layout.quarantine}
            | self.refusals(source.path, source.import_id)
        )

    def refusals(self, path: Path, import_id: str = "") -> set[Path]:
        """Files of the quarantine that say why that path, or another of the same content, was refused as a whole."""
        return self._refusals[name_hash(path)[:16]] | self._refusals[import_id]

    @cached_property
    def _by_stem(self) -> defaultdict[str, set[Path]]:
        found: defaultdict[str, set[Path]] = defaultdict(set)
        for table in _WRITTEN_FROM_LOGS:
            for path in self._layout.raw_table(table).rglob("*.parquet"):
                found[path.stem].add(path)
        return found

    @cached_property
    def _refusals(self) -> defaultdict[str, set[Path]]:
        found: defaultdict[str, set[Path]] = defaultdict(set)
        for path in self._layout.quarantine.glob(f"{REFUSED}*.parquet"):
            for part in path.stem.removeprefix(REFUSED).split("-"):
                found[part].add(path)
        return found


def _number_in(path: Path) -> int:
    try:
        with pq.ParquetFile(path) as file:
            if "import_number" not in file.schema_arrow.names:  # written before imports were numbered
                return 0
            return pc.max(file.read(columns=["import_number"])["import_number"]).as_py() or 0
    except FileNotFoundError:  # replaced by another process's import
        return 0
