"""What is in a warehouse, in plain lines."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb
import yaml

from warehouse.layout import DBT_PROJECT_DIR, Layout
from warehouse.raw import connect_raw
from warehouse.schemas import RAW_TABLES

MAX_LINES = 20


def describe(layout: Layout) -> str:
    """Row counts, what runs left out, models that nobody described, the quarantine, how fresh the published file is."""
    lines = [f"warehouse at {layout.root}", "", "raw rows"]
    with connect_raw(layout) as con:
        for name in RAW_TABLES:
            (count,) = con.execute(f"select count(*) from raw.{name}").fetchone() or (0,)
            lines.append(f"  {name:<20} {count:>12,}")

        lines += ["", "samples"]
        runs = con.execute(
            """
            select
                task, model_id, condition_id, count(distinct item_id), count(*),
                count(*) filter (status = 'format_failure'), count(*) filter (status in ('error', 'refused')),
                string_agg(distinct run_status, ', ') filter (run_status <> 'success')
            from raw.samples group by all order by all
            """
        ).fetchall()
        for task, model, condition, items, samples, failures, errors, unfinished in runs[:MAX_LINES]:
            line = f"  {task} · {model} · {condition}: {items:,} items, {samples:,} samples"
            line += f", {failures:,} format failures" if failures else ""
            line += f", {errors:,} errors (left out)" if errors else ""
            line += f"; run {unfinished}: some samples are missing" if unfinished else ""
            lines.append(line)
        lines += _rest(runs) or ([] if runs else ["  none yet; import a log: incoherence import LOG.eval"])
        (copies,) = con.execute("select count(*) - count(distinct sample_id) from raw.samples").fetchone() or (0,)
        lines += [f"  {copies:,} superseded by later copies of the same samples"] if copies else []
        lines += _undescribed_models(con)
        lines += _unscored(con)
        lines += _unstable_ids(con)

        quarantined = con.execute(
            "select file_name, place, reason from raw.quarantine order by ingested_at desc, file_name, place"
        ).fetchall()
        lines += ["", f"quarantined: {len(quarantined):,}"]
        lines += [f"  {name}, {place}: {reason}" for name, place, reason in quarantined[:MAX_LINES]]
        lines += _rest(quarantined)

        (newest,) = con.execute(
            "select max(ingested_at) from (select ingested_at from raw.imports "
            "union all select ingested_at from raw.synthetic_rollouts)"
        ).fetchone() or (None,)

    lines += ["", "published"]
    if not layout.published_database.exists():
        return "\n".join([*lines, "  nothing yet: incoherence build && incoherence publish"])
    published_at = datetime.fromtimestamp(layout.published_database.stat().st_mtime, UTC)
    lines.append(f"  {layout.published_database}, {published_at:%Y-%m-%d %H:%M} UTC")
    if newest is not None and newest > published_at:
        lines.append("  older than the raw layer: incoherence build && incoherence publish")
    return "\n".join(lines)


def _undescribed_models(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Models of which no source and no seed knows more than the name: figures by model size leave them out."""
    seeds = {name: str(DBT_PROJECT_DIR / "seeds" / f"{name}.csv") for name in ("known_models", "model_aliases")}
    hosts = yaml.safe_load((DBT_PROJECT_DIR / "dbt_project.yml").read_text())["vars"]["model_hosts"]
    found = con.execute(
        """
        select model_id, count(*) from raw.samples
        where
            model_id not in (select model_id from read_csv($known_models, header = true))
            and lower(model_id) not in (select lower(alias) from read_csv($model_aliases, header = true))
            and regexp_replace(lower(model_id), $hosts, '') not in
                (select lower(alias) from read_csv($model_aliases, header = true))
            and model_id not in (select model_id from raw.models where model_family is not null or is_simulated)
        group by all order by all
        """,
        seeds | {"hosts": f"^(({'|'.join(hosts)})/)+"},
    ).fetchall()
    if not found:
        return []
    return [
        "",
        "models without a family: describe them in dbt/seeds/known_models.csv, or list the name in model_aliases.csv",
        *(f"  {model} ({n_samples:,} samples)" for model, n_samples in found[:MAX_LINES]),
        *_rest(found),
    ]


def _unscored(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Files with samples that nothing judges, with the reason that their import gave."""
    found = con.execute(
        """
        select file_name, n_unscored, split_part(notices, chr(10), 1)
        from raw.imports where n_unscored > 0 order by n_unscored desc, file_name
        """
    ).fetchall()
    if not found:
        return []
    return [
        "",
        f"samples without a score: {sum(n for _, n, _ in found):,}",
        *(f"  {name}: {notice}" for name, _, notice in found[:MAX_LINES]),
        *_rest(found),
    ]


def _unstable_ids(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Tasks in which one item id stands for several questions: ids that follow an order, or an edited question."""
    found = con.execute(
        """
        with ids as (
            select task, item_id, count(distinct answer_key_id) as n_keys, count(distinct question) as n_questions
            from raw.items group by all
        )
        select task, count(*) filter (n_keys > 1), count(*) filter (n_keys = 1 and n_questions > 1)
        from ids group by all having count(*) filter (n_keys > 1 or n_questions > 1) > 0 order by all
        """
    ).fetchall()
    if not found:
        return []
    lines = ["", "item ids that are not stable: give the data set's items ids of their own"]
    for task, n_apart, n_reworded in found[:MAX_LINES]:
        told = [f"{n_apart:,} stand for several questions (told apart as id#key)"] if n_apart else []
        told += [f"{n_reworded:,} have one answer key and several wordings (one item each)"] if n_reworded else []
        lines.append(f"  {task}: {', '.join(told)}")
    return [*lines, *_rest(found)]


def _rest(rows: list[tuple[object, ...]]) -> list[str]:
    return [f"  … and {len(rows) - MAX_LINES:,} more"] if len(rows) > MAX_LINES else []
