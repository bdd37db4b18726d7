"""What is in a warehouse: as facts for programs, and in plain lines for people."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import duckdb
import yaml

from warehouse.layout import DBT_PROJECT_DIR, Layout
from warehouse.raw import connect_raw
from warehouse.remote.fetch import raw_root
from warehouse.remote.push import n_not_there
from warehouse.schemas import RAW_TABLES

MAX_LINES = 20

DESCRIBE_THEM = "describe them in dbt/seeds/known_models.csv, or list the name in model_aliases.csv"

_POOLS = """
    select
        task, model_id, condition_id,
        count(distinct item_id) as n_items,
        count(*) as n_samples,
        count(*) filter (status = 'format_failure') as n_format_failures,
        count(*) filter (status not in ('error', 'refused') and (
            lower(finish_reason) in (select unnest($cut_off_reasons::varchar[])) or error = 'cut off while reasoning'
        )) as n_cut_off,
        count(*) filter (status in ('error', 'refused')) as n_errors,
        string_agg(distinct run_status, ', ') filter (run_status <> 'success') as unfinished
    from raw.samples group by all order by all
"""

_UNDESCRIBED = """
    select model_id, count(*) as n_samples from raw.samples
    where
        model_id not in (select model_id from read_csv($known_models, header = true))
        and lower(model_id) not in (select lower(alias) from read_csv($model_aliases, header = true))
        and regexp_replace(lower(model_id), $hosts, '') not in
            (select lower(alias) from read_csv($model_aliases, header = true))
        and model_id not in (select model_id from raw.models where model_family is not null or is_simulated)
    group by all order by all
"""

_UNSCORED = """
    select file_name, n_unscored, split_part(notices, chr(10), 1) as notice
    from raw.imports where n_unscored > 0 order by n_unscored desc, file_name
"""

_UNSTABLE_IDS = """
    with ids as (
        select task, item_id, count(distinct answer_key_id) as n_keys, count(distinct question) as n_questions
        from raw.items group by all
    )
    select
        task,
        count(*) filter (n_keys > 1) as n_apart,
        count(*) filter (n_keys = 1 and n_questions > 1) as n_reworded
    from ids group by all having n_apart + n_reworded > 0 order by all
"""

_QUARANTINED = "select file_name, place, reason from raw.quarantine order by ingested_at desc, file_name, place"

_NEWEST = """
    select max(ingested_at) as newest
    from (select ingested_at from raw.imports union all select ingested_at from raw.synthetic_rollouts)
"""

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Status:
    """The state of a warehouse.

    Attributes:
        root: its folder.
        raw_rows: rows of each raw table.
        pools: per task, model and condition: items, samples, those without a usable answer, those cut off at a limit on
            their length and whether these are many, what was left out, how its run ended if not well.
        n_superseded: samples that a later copy replaces.
        undescribed_models: models of which no source and no seed knows more than the name; figures by model size leave
            them out.
        unscored: files with samples that nothing judges, with the reason that their import gave.
        unstable_ids: tasks in which one item id stands for several questions: ids that follow an order (`n_apart`), or
            an edited question (`n_reworded`).
        quarantined: what could not be read, with the reason.
        published: the published file; None if there is none.
        published_at: when it was published.
        is_behind: whether the raw layer is newer.
        raw_root: where raw data lies besides; None if nowhere.
        n_not_pushed: raw files that are here and not there, as far as is known here.
    """

    root: str
    raw_rows: dict[str, int]
    pools: Rows
    n_superseded: int
    undescribed_models: Rows
    unscored: Rows
    unstable_ids: Rows
    quarantined: Rows
    published: str | None
    published_at: datetime | None
    is_behind: bool
    raw_root: str | None
    n_not_pushed: int

    def facts(self) -> dict[str, Any]:
        """All of it, in JSON's types."""
        return asdict(self) | {"published_at": self.published_at.isoformat() if self.published_at else None}


def look(layout: Layout) -> Status:
    """Look at a warehouse. Nothing is written, and nothing need be there.

    Raises:
        warehouse.remote.store.RemoteError: if `RAW_ROOT` is no address of an object store.
    """
    address = raw_root()
    with connect_raw(layout) as con:
        seeds = {name: str(DBT_PROJECT_DIR / "seeds" / f"{name}.csv") for name in ("known_models", "model_aliases")}
        project = yaml.safe_load((DBT_PROJECT_DIR / "dbt_project.yml").read_text(encoding="utf-8"))
        settings = project["vars"]
        hosts = settings["model_hosts"]
        (copies,) = _rows(con, "select count(*) - count(distinct sample_id) as n from raw.samples")
        (newest,) = _rows(con, _NEWEST)
        there = layout.published_database.exists()
        at = datetime.fromtimestamp(layout.published_database.stat().st_mtime, UTC) if there else None
        return Status(
            root=str(layout.root),
            raw_rows={name: _rows(con, f"select count(*) as n from raw.{name}")[0]["n"] for name in RAW_TABLES},
            pools=[
                pool | {"is_often_cut_off": pool["n_cut_off"] > settings["many_cut_off"] * pool["n_samples"]}
                for pool in _rows(con, _POOLS, {"cut_off_reasons": settings["cut_off_reasons"]})
            ],
            n_superseded=copies["n"],
            undescribed_models=_rows(con, _UNDESCRIBED, seeds | {"hosts": f"^(({'|'.join(hosts)})/)+"}),
            unscored=_rows(con, _UNSCORED),
            unstable_ids=_rows(con, _UNSTABLE_IDS),
            quarantined=_rows(con, _QUARANTINED),
            published=str(layout.published_database) if there else None,
            published_at=at,
            is_behind=at is not None and newest["newest"] is not None and newest["newest"] > at,
            raw_root=address,
            n_not_pushed=n_not_there(layout, address) if address else 0,
        )


def describe(layout: Layout) -> str:
    """Row counts, what runs left out, models that nobody described, the quarantine, how fresh the published file is."""
    status = look(layout)
    lines = [f"warehouse at {status.root}", "", "raw rows"]
    lines += [f"  {name:<20} {count:>12,}" for name, count in status.raw_rows.items()]
    lines += ["", "samples", *_listed([_pool(pool) for pool in status.pools])]
    lines += [] if status.pools else ["  none yet; import a log: incoherence import LOG.eval"]
    lines += (
        [f"  {status.n_superseded:,} superseded by later copies of the same samples"] if status.n_superseded else []
    )
    if status.undescribed_models:
        lines += ["", f"models without a family: {DESCRIBE_THEM}"]
        lines += _listed(
            [f"{model['model_id']} ({model['n_samples']:,} samples)" for model in status.undescribed_models]
        )
    if often := [pool for pool in status.pools if pool["is_often_cut_off"]]:
        lines += ["", "often cut off: these pools tell of the limit as well as of the model; raise max_tokens"]
        lines += _listed([f"{_name(pool)}: {pool['n_cut_off']:,} of {pool['n_samples']:,} samples" for pool in often])
    if status.unscored:
        lines += ["", f"samples without a score: {sum(file['n_unscored'] for file in status.unscored):,}"]
        lines += _listed([f"{file['file_name']}: {file['notice']}" for file in status.unscored])
    if status.unstable_ids:
        lines += ["", "item ids that are not stable: give the data set's items ids of their own"]
        lines += _listed([_unstable(task) for task in status.unstable_ids])
    lines += ["", f"quarantined: {len(status.quarantined):,}"]
    lines += _listed([f"{row['file_name']}, {row['place']}: {row['reason']}" for row in status.quarantined])
    if status.raw_root:
        lines += ["", f"raw data besides: {status.raw_root}"]
        lines += [f"  {status.n_not_pushed:,} raw files here are not there: incoherence push"] * bool(
            status.n_not_pushed
        )
    lines += ["", "published"]
    if status.published is None or status.published_at is None:
        return "\n".join([*lines, "  nothing yet: incoherence build && incoherence publish"])
    lines.append(f"  {status.published}, {status.published_at:%Y-%m-%d %H:%M} UTC")
    lines += ["  older than the raw layer: incoherence build && incoherence publish"] if status.is_behind else []
    return "\n".join(lines)


def _pool(pool: dict[str, Any]) -> str:
    line = f"{_name(pool)}: {pool['n_items']:,} items, {pool['n_samples']:,} samples"
    line += f", {pool['n_format_failures']:,} format failures" if pool["n_format_failures"] else ""
    line += f", {pool['n_cut_off']:,} cut off" if pool["n_cut_off"] else ""
    line += f", {pool['n_errors']:,} errors (left out)" if pool["n_errors"] else ""
    return line + (f"; run {pool['unfinished']}: some samples are missing" if pool["unfinished"] else "")


def _name(pool: dict[str, Any]) -> str:
    return f"{pool['task']} · {pool['model_id']} · {pool['condition_id']}"


def _unstable(task: dict[str, Any]) -> str:
    told = [f"{task['n_apart']:,} stand for several questions (told apart as id#key)"] if task["n_apart"] else []
    if task["n_reworded"]:
        told.append(f"{task['n_reworded']:,} have one answer key and several wordings (one item each)")
    return f"{task['task']}: {', '.join(told)}"


def _listed(entries: list[str]) -> list[str]:
    more = [f"  … and {len(entries) - MAX_LINES:,} more"] if len(entries) > MAX_LINES else []
    return [f"  {entry}" for entry in entries[:MAX_LINES]] + more


def _rows(con: duckdb.DuckDBPyConnection, query: str, values: dict[str, Any] | None = None) -> Rows:
    found = con.execute(query, values or {})
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
