"""Where everything lives under `WAREHOUSE_ROOT`. No other module builds such a path."""

from __future__ import annotations

import hashlib
import re
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from warehouse import environment, installation

PROJECT_ROOT = installation.PROJECT_ROOT
DBT_PROJECT_DIR = installation.DBT_PROJECT_DIR


@dataclass(frozen=True)
class Layout:
    """The folders and files of one warehouse.

    Attributes:
        root: absolute path of the warehouse's folder.
    """

    root: Path

    def __post_init__(self) -> None:
        """Refuse what is no folder.

        Raises:
            warehouse.environment.NotAFolderError: if the root is an address, such as `s3://bucket`.
        """
        environment.check_folder(self.root)

    @classmethod
    def from_env(cls) -> Layout:
        """The warehouse that `WAREHOUSE_ROOT` names (`warehouse.environment`).

        By default `warehouse/data` in a checkout, and where the package is installed `incoherence-warehouse` in the
        current folder.
        """
        return cls((environment.path("WAREHOUSE_ROOT") or installation.DEFAULT_ROOT).resolve())

    @property
    def inbox(self) -> Path:
        """Drop logs here; a sensor picks them up."""
        return self.root / "inbox"

    @property
    def experiments(self) -> Path:
        """Experiment specs (YAML) whose samples the orchestrator draws."""
        return self.root / "experiments"

    def experiment(self, name: str) -> Path:
        """The spec of that file name."""
        return self.experiments / name

    @property
    def raw(self) -> Path:
        """Immutable Parquet files of the raw contract."""
        return self.root / "raw"

    @property
    def responses(self) -> Path:
        """Verbatim provider responses, compressed."""
        return self.root / "responses"

    @property
    def inspect_logs(self) -> Path:
        """Logs of the partitions that Inspect runs."""
        return self.root / "inspect_logs"

    @property
    def downloads(self) -> Path:
        """Data sets of tasks, downloaded on demand."""
        return self.root / "downloads"

    @property
    def quarantine(self) -> Path:
        """Rows and files that could not be read, with the reason."""
        return self.root / "quarantine"

    @property
    def hash_key(self) -> Path:
        """Key of the hashes that stand for secrets; see `warehouse.secrets`."""
        return self.root / "hash_key"

    @property
    def shutdown_dates(self) -> Path:
        """What OpenAI said, when samples were last drawn from it, of the days on which its models are shut down."""
        return self.root / "shutdown_dates.json"

    @property
    def checkpoints(self) -> Path:
        """Trained synthetic optimizers."""
        return self.root / "checkpoints"

    def checkpoint(self, problem_id: str, name: str) -> Path:
        """A file, or a folder of parts, of one problem's training and rollouts."""
        return self.checkpoints / problem_id / name

    @property
    def build_database(self) -> Path:
        """dbt's own database; nobody else opens it."""
        return self.root / "build" / "warehouse.duckdb"

    @property
    def run_lock(self) -> Path:
        """Held while the main job does everything."""
        return self.root / "run.lock"

    @property
    def build_lock(self) -> Path:
        """Held while the build database is written or copied."""
        return self.root / "build" / "build.lock"

    @property
    def unfinished_build(self) -> Path:
        """There from the start of a build until it has succeeded."""
        return self.root / "build" / "unfinished"

    @property
    def dbt_target(self) -> Path:
        """dbt's artifacts (manifest, compiled SQL, run results)."""
        return self.root / "build" / "dbt_target"

    @property
    def dbt_manifest(self) -> Path:
        """What dbt has parsed."""
        return self.dbt_target / "manifest.json"

    @property
    def dbt_parsed_from(self) -> Path:
        """Which project the manifest was made from."""
        return self.dbt_target / "parsed_from.txt"

    @property
    def dbt_partial_parse(self) -> Path:
        """What dbt remembers of the files that it has parsed."""
        return self.dbt_target / "partial_parse.msgpack"

    @property
    def dbt_results(self) -> Path:
        """What dbt's last command did."""
        return self.dbt_target / "run_results.json"

    @property
    def spark(self) -> Path:
        """What a build on Spark writes on its way, made anew by each."""
        return self.root / "build" / "spark"

    @property
    def spark_tables(self) -> Path:
        """Spark's tables, until they are in the build database."""
        return self.spark / "tables"

    @property
    def spark_dbt_target(self) -> Path:
        """dbt's artifacts of a build on Spark: parsed for one engine, the project is not right for the other."""
        return self.spark / "dbt_target"

    @property
    def spark_dbt_manifest(self) -> Path:
        """The models as dbt parsed them for Spark."""
        return self.spark_dbt_target / "manifest.json"

    @property
    def spark_dbt_results(self) -> Path:
        """What dbt's last build on Spark did."""
        return self.spark_dbt_target / "run_results.json"

    @property
    def published_from(self) -> Path:
        """What the published files were made from."""
        return self.root / "build" / "published_from.txt"

    @property
    def dagster_config(self) -> Path:
        """Settings of Dagster's instance."""
        return self.dagster_home / "dagster.yaml"

    @property
    def dbt_logs(self) -> Path:
        """dbt's own logs."""
        return self.root / "build" / "logs"

    @property
    def dbt_log(self) -> Path:
        """What dbt printed in the last builds."""
        return self.dbt_logs / "dbt.log"

    @property
    def published(self) -> Path:
        """What users open."""
        return self.root / "published"

    @property
    def published_database(self) -> Path:
        """The read-only DuckDB file that users and BI tools open."""
        return self.published / "warehouse.duckdb"

    @property
    def exports_parquet(self) -> Path:
        """Parquet copy of every published table."""
        return self.published / "parquet"

    @property
    def exports_csv(self) -> Path:
        """CSV copy of every figure table."""
        return self.published / "csv"

    def exported_parquet(self, schema: str, table: str) -> Path:
        """Parquet copy of a published table."""
        return self.exports_parquet / schema / f"{table}.parquet"

    def exported_csv(self, table: str) -> Path:
        """CSV copy of a figure table."""
        return self.exports_csv / f"{table}.csv"

    @property
    def figures(self) -> Path:
        """PNG and SVG pictures."""
        return self.published / "figures"

    def picture(self, figure: str, suffix: str) -> Path:
        """One picture of a figure; `suffix` is png or svg."""
        return self.figures / f"{figure}.{suffix}"

    @property
    def report(self) -> Path:
        """The self-contained HTML report."""
        return self.published / "report" / "index.html"

    @property
    def remote_record(self) -> Path:
        """Which raw files were fetched from object stores or pushed there, and what they held."""
        return self.root / "remote.json"

    @property
    def fetching(self) -> Path:
        """Raw files on their way here; they appear together."""
        return self.root / "build" / "fetching"

    @property
    def withdrawn(self) -> Path:
        """Raw files that were fetched from `RAW_ROOT` and are there no longer."""
        return self.root / "withdrawn"

    def at(self, path: str) -> Path:
        """A file by its path in this folder, as object stores have it: `raw/samples/…`."""
        return self.root.joinpath(*path.split("/"))

    def path_of(self, file: Path) -> str:
        """The path of a file in this folder, as object stores have it."""
        return file.relative_to(self.root).as_posix()

    @property
    def dagster_home(self) -> Path:
        """Dagster's run history."""
        return self.root / "dagster_home"

    def raw_table(self, table: str) -> Path:
        """Folder of a raw table; `quarantine` has a place of its own."""
        return self.quarantine if table == "quarantine" else self.raw / table

    def partition(self, table: str, values: Mapping[str, str]) -> Path:
        """Folder of one partition of a raw table.

        Names come from logs and are not trusted: each value is percent-encoded to one path component, so it can
        neither climb out of the folder nor clash with another value, not even on a disk that takes `GPT` and `gpt` for
        the same name. A folder that an earlier version made for the value is used as it is.
        """
        return _partition_folder(self.raw_table(table), values)

    def raw_file(self, table: str, stem: str, values: Mapping[str, str] | None = None) -> Path:
        """A Parquet file of a raw table, in the partition that `values` name."""
        return self.partition(table, values or {}) / f"{stem}.parquet"

    def download(self, source: str, *names: str) -> Path:
        """The folder of a source of data sets, or a file in it."""
        return self.downloads.joinpath(source, *names)

    def response_file(self, path: Path) -> Path:
        """A file of verbatim responses, by its path in their folder."""
        return self.responses / path

    def response_partition(self, values: Mapping[str, str]) -> Path:
        """Folder of the verbatim responses of one partition of `samples`; named as `partition` names."""
        return _partition_folder(self.responses, values)

    def inspect_partition(self, values: Mapping[str, str]) -> Path:
        """Folder of the logs of one partition that Inspect runs.

        Inspect takes `%` in a path for the beginning of an encoded character, so other folders' names are not for it.
        """
        return self.inspect_logs.joinpath(*(_plain_component(value) for value in values.values()))


def not_hidden(paths: Iterable[Path]) -> list[Path]:
    """Sorted, without what systems leave in folders by themselves (`.DS_Store`, `._name`) and files half written."""
    return sorted(path for path in paths if not path.name.startswith("."))


def _partition_folder(folder: Path, values: Mapping[str, str]) -> Path:
    for column, value in values.items():
        prefix = f"{column.removesuffix('_id')}="
        name = prefix + _path_component(value)
        earlier = prefix + _path_component_of_0_1(value)
        folder /= earlier if earlier != name and earlier in _names_in(folder) else name
    return folder


def _path_component(value: str) -> str:
    """One to one, and never equal but for case: what has capitals carries a hash."""
    encoded = quote(value, safe="").replace(".", "%2E").replace("~", "%7E")
    if len(encoded) <= 120 and not any(letter in string.ascii_uppercase for letter in value):
        return encoded
    return f"{encoded[:100]}~{_short_hash(value)}"  # file systems stop at 255 bytes


def _plain_component(value: str) -> str:
    """One to one, never equal but for case, and of letters, digits, `-` and `_` alone."""
    plain = re.sub(r"[^a-z0-9_-]+", "-", value.lower())[:60].strip("-")
    return plain if plain == value else f"{plain}-{_short_hash(value)}"


def _path_component_of_0_1(value: str) -> str:
    """As version 0.1 had it, which was not safe on disks that ignore case."""
    encoded = quote(value, safe="").replace(".", "%2E")
    return encoded if len(encoded) <= 120 else f"{encoded[:100]}~{_short_hash(value)}"


def _short_hash(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()[:16]


def _names_in(folder: Path) -> frozenset[str]:
    """Exactly as they are written; asking for one by name would also find it in other letters on some disks."""
    try:
        return frozenset(path.name for path in folder.iterdir())
    except OSError:
        return frozenset()
