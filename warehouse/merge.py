"""Two warehouses become one: the raw files of another are taken over, so that the order of merging does not matter.

Raw files are immutable, and an imported log is named by its content: what both have is there already. Where both hold
the same sample, item, condition or model with other content, one of them would have to win, and A into B would publish
other numbers than B into A: then nothing is merged, and what differs is named.
"""

from __future__ import annotations

import filecmp
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from warehouse.layout import Layout, not_hidden
from warehouse.lock import is_held, locked
from warehouse.parquet import atomic_together
from warehouse.raw import PROVENANCE, connect_raw, files_off_contract, files_with_rows, imported, same_rows
from warehouse.schemas import IMPORTS, QUARANTINE, RAW_TABLES

KEYS = {
    "samples": ("sample_id",),
    "items": ("task", "item_id", "answer_key_id"),
    "conditions": ("condition_id",),
    "models": ("model_id",),
    "survey_rankings": ("rater_id", "entity", "attribute"),
}
"""Of tables in which one of several rows counts (`dbt/models/staging`), what it counts for."""

OF_SAMPLES = ("test_outcomes", "grades")
"""Tables whose rows belong to the copy of a sample that counts."""

LAST_IMPORT_FIRST = "import_number desc nulls last, ingested_at desc, import_id desc nulls last"
OWN_ROWS_FIRST = f"import_id is null desc, {LAST_IMPORT_FIRST}"
"""In which order rows of one key count; as in `dbt/macros/raw.sql`, to which a test holds it."""

_OWN_FIRST = ("items", "conditions", "models")
"""Those in which what the sampler wrote comes before what any log says."""

MOST_NAMED = 5


class MergeError(ValueError):
    """The warehouses cannot be merged; the message names what differs. Nothing was changed."""


@dataclass(frozen=True)
class Merged:
    """What was taken over.

    Attributes:
        n_files: raw files copied.
        n_imports: imported logs among them.
        n_known: raw files of the other that were here already.
        n_responses: files of verbatim responses copied.
    """

    n_files: int
    n_imports: int
    n_known: int
    n_responses: int


def merge(layout: Layout, other: Layout) -> Merged:
    """Take over every raw file and response of another warehouse, which is only read.

    All files appear together, or none does. The other's imports are counted after those that are here.

    Args:
        layout: the warehouse that grows.
        other: the one that is read.

    Raises:
        MergeError: if it is no warehouse, is this one, is at work, has files off the contract, or says something else
            about a sample, item, condition or model that is here too.
        LockedError: if a run is at work here.
    """
    if not other.raw.is_dir():
        raise MergeError(f"{other.root}: no warehouse (there is no folder raw/ in it)")
    if other.root.resolve() == layout.root.resolve():
        raise MergeError(f"{other.root}: this is the warehouse that is merged into")
    for lock in (other.run_lock, *other.responses.rglob("*.lock")):
        if is_held(lock):
            raise MergeError(f"{lock.parent}: another process is at work there; wait until it has ended")
    with locked(layout.run_lock, "`incoherence run` ({holder}) is at work"):
        new, known = _compare(layout, other)
        responses = list(_new_responses(layout, other))
        _refuse_differences(layout, other)
        last = _last_number(layout)
        with atomic_together() as temporary_of:
            # The rows of imports are renamed last: those of a file count once its row is there.
            for table, path in sorted(new, key=lambda file: file[0] == IMPORTS.name):
                here = temporary_of(layout.raw_table(table) / path)
                there = other.raw_table(table) / path
                if table == IMPORTS.name:
                    pq.write_table(_counted_after(pq.read_table(there, partitioning=None), last), here)
                else:
                    shutil.copyfile(there, here)
            for path in responses:
                shutil.copyfile(other.response_file(path), temporary_of(layout.response_file(path)))
    imports = [path for table, path in new if table == IMPORTS.name]
    return Merged(len(new), len(imports), known, len(responses))


def _compare(layout: Layout, other: Layout) -> tuple[list[tuple[str, Path]], int]:
    """Raw files that only the other has, by table and path in it; and how many both have.

    Raises:
        MergeError: if a file of both holds other rows.
    """
    new, known = [], 0
    here_already = imported(layout)
    for table in RAW_TABLES:
        for path, why in files_off_contract(other, table).items():
            raise MergeError(f"{path}: {why}")
        for file in files_with_rows(other, table):
            path = file.relative_to(other.raw_table(table))
            here = layout.raw_table(table) / path
            # A log that both imported is one and the same, and a refusal is not data.
            if file.stem in here_already or (table == QUARANTINE.name and here.exists()):
                known += 1
            elif not here.exists():
                new.append((table, path))
            elif same_rows(here, file):
                known += 1
            else:
                raise MergeError(f"{table}: {path} is in both warehouses with other rows. Nothing was merged")
    return new, known


def _refuse_differences(layout: Layout, other: Layout) -> None:
    """Raise MergeError if the two say different things about one sample, item, condition, model or ranking."""
    with connect_raw(layout) as here, connect_raw(other) as there:
        for table, keys in KEYS.items():
            shared = _shared_keys(here, there, table)
            mine, theirs = (_that_count(con, table, shared) for con in (here, there))
            _refuse(table, _differing(mine, theirs, keys))
            if table == "samples":
                for belonging in OF_SAMPLES:
                    mine, theirs = (_of_samples(con, belonging, shared) for con in (here, there))
                    _refuse(belonging, _unequal_samples(mine, theirs))


def _refuse(table: str, differing: Sequence[str]) -> None:
    if differing:
        more = f" and {len(differing) - MOST_NAMED} more" if len(differing) > MOST_NAMED else ""
        raise MergeError(
            f"{table}: {len(differing)} are in both warehouses with other content, and the order of merging would "
            f"decide: {'; '.join(differing[:MOST_NAMED])}{more}. Nothing was merged"
        )


def _shared_keys(here: duckdb.DuckDBPyConnection, there: duckdb.DuckDBPyConnection, table: str) -> pa.Table:
    keys = ", ".join(KEYS[table])
    theirs = there.sql(f"select distinct {keys} from raw.{table}").to_arrow_table()
    here.register("theirs", theirs)
    return here.sql(f"select distinct {keys} from raw.{table} semi join theirs using ({keys})").to_arrow_table()


def _that_count(con: duckdb.DuckDBPyConnection, table: str, shared: pa.Table) -> pa.Table:
    """Of each key the row that counts; in the order of `dbt/macros/raw.sql`."""
    con.register("shared", shared)
    keys = ", ".join(KEYS[table])
    order = OWN_ROWS_FIRST if table in _OWN_FIRST else LAST_IMPORT_FIRST
    return con.sql(
        f"select {', '.join(RAW_TABLES[table].schema.names)} from raw.{table} semi join shared using ({keys}) "
        "left join (select import_id, import_number from raw.imports) using (import_id) "
        f"qualify row_number() over (partition by {keys} order by {order}) = 1"
    ).to_arrow_table()


def _differing(mine: pa.Table, theirs: pa.Table, keys: Sequence[str]) -> list[str]:
    """Keys of which the two rows say different things, each with the columns that do."""
    said = [name for name in mine.column_names if name not in (*keys, *PROVENANCE)]
    differs = [f"mine.{name} is distinct from theirs.{name}" for name in said]
    with duckdb.connect() as con:
        con.register("mine", mine)
        con.register("theirs", theirs)
        found = con.execute(
            f"select {', '.join([*keys, *differs])} from mine join theirs using ({', '.join(keys)}) "
            f"where {' or '.join(differs)} order by {', '.join(keys)}"
        ).fetchall()
    return [
        f"{' / '.join(map(str, row[: len(keys)]))} "
        f"({', '.join(name for name, differ in zip(said, row[len(keys) :], strict=True) if differ)})"
        for row in found
    ]


def _of_samples(con: duckdb.DuckDBPyConnection, table: str, shared: pa.Table) -> pa.Table:
    """What belongs to the copies of samples that count, without where it comes from."""
    con.register("counted", _that_count(con, "samples", shared).select(["sample_id", "import_id"]))
    told = ", ".join(f"rows.{name}" for name in RAW_TABLES[table].schema.names if name not in PROVENANCE)
    return con.sql(
        f"select {told} from raw.{table} as rows join counted on rows.sample_id = counted.sample_id "
        "and rows.import_id is not distinct from counted.import_id"
    ).to_arrow_table()


def _unequal_samples(mine: pa.Table, theirs: pa.Table) -> list[str]:
    """Samples of which the two have other rows."""
    with duckdb.connect() as con:
        con.register("mine", mine)
        con.register("theirs", theirs)
        found = con.execute(
            "select distinct sample_id from ((from mine except all from theirs) union all "
            "(from theirs except all from mine)) order by all"
        ).fetchall()
    return [sample_id for (sample_id,) in found]


def _last_number(layout: Layout) -> int:
    with connect_raw(layout) as con:
        (last,) = con.execute("select coalesce(max(import_number), 0) from raw.imports").fetchone() or (0,)
    return int(last)


def _counted_after(imports: pa.Table, last: int) -> pa.Table:
    """Rows of `imports` with their numbers raised by `last`; as they are where they were never numbered."""
    if "import_number" not in imports.column_names:
        return imports
    place = imports.column_names.index("import_number")
    numbers = pc.add(imports["import_number"], last)
    return imports.set_column(place, imports.schema.field(place), numbers)


def _new_responses(layout: Layout, other: Layout) -> Iterator[Path]:
    """Files of responses that only the other has; nothing of what its own processes lock or have half written.

    Raises:
        MergeError: if both have a segment of one partition, and not the same one.
    """
    for file in not_hidden(other.responses.rglob("*")):
        path = file.relative_to(other.responses)
        here = layout.response_file(path)
        if not file.is_file() or file.suffix == ".lock":
            continue
        # A segment is one, whether it is still open or closed and compressed.
        number, is_segment = file.name.split(".")[0], ".jsonl" in file.name
        if is_segment and (same := list(here.parent.glob(f"{number}.jsonl*"))):
            if same != [here] or not filecmp.cmp(here, file, shallow=False):
                raise MergeError(f"responses: {path.parent} was sampled in both warehouses. Nothing was merged")
        elif not here.exists():
            yield path
