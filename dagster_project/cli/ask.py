"""What answers questions: the state of the warehouse, SQL, the planner."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from dagster_project.cli.app import app, fail, say, terminal_width
from warehouse.layout import Layout

if TYPE_CHECKING:
    import duckdb
    import polars as pl


class QueryFormat(StrEnum):
    """How `query` prints."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@app.command()
def status(as_json: AsJson = False) -> None:
    """What is in the warehouse, what is missing, what is quarantined.

    Example: incoherence status
    """
    from ingestion.sampling import experiment_notices
    from warehouse.plain_text import harmless_json
    from warehouse.status import describe, look

    layout = Layout.from_env()
    notices = experiment_notices(layout)
    if as_json:
        facts = look(layout).facts() | {"experiments": list(notices)}
        say(harmless_json(json.dumps(facts, ensure_ascii=False)))
        return
    say(describe(layout))
    for notice in notices:
        say(f"experiments: {notice}")


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="SQL over the schemas marts and figures.")],
    output: Annotated[QueryFormat, typer.Option("--format", help="How to print the result.")] = QueryFormat.TABLE,
    as_json: AsJson = False,
) -> None:
    """Query the published file, read-only; other files are out of its reach.

    CSV is for spreadsheets: a text that they would take for a formula begins with an apostrophe. JSON is exact.

    Example: incoherence query "from marts.fct_incoherence" --format csv
    """
    from warehouse.connect import connect
    from warehouse.plain_text import for_spreadsheets, harmless_json

    with connect(Layout.from_env().published_database, confined=True) as con:
        result = con.sql(sql)
        if result is None:
            fail("the statement returns no rows; write a query, for example: from marts.fct_incoherence")
        table = result.pl()
    if output is QueryFormat.CSV and not as_json:
        say(for_spreadsheets(table).write_csv().rstrip("\n"))
    elif output is QueryFormat.JSON or as_json:
        say(harmless_json(table.write_json()))
    else:
        from warehouse.table_text import table_text

        say(table_text(table, terminal_width()))


@app.command("plan")
def plan_samples(
    width: Annotated[
        float, typer.Option(help="Wanted width of the 95 % interval; of embedding, relative to the mean.")
    ] = 0.1,
    task: Annotated[str | None, typer.Option(help="Only this task.")] = None,
    model: Annotated[str | None, typer.Option(help="Only this model.")] = None,
    decomposition: Annotated[
        str | None, typer.Option(help="kl, brier, coverage, score or embedding; by default each pool's main one.")
    ] = None,
    reliability: Annotated[
        float | None,
        typer.Option(help="Wanted share of items that a majority of votes gets right, instead of a width."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """How many more items, or samples per item, make the interval of incoherence so narrow, and what they cost.

    Reads figures.fig_planner, which says how from the data so far. An empty number of samples: no number is enough, or
    there are fewer than four per item to tell by. Embeddings have no incoherence: theirs is the interval of the mean
    variance, divided by that mean. With --reliability: the fewest votes of an item whose majority is right that often,
    and whose interval says so too, with their cost (figures.fig_reliability).

    Example: incoherence plan --width 0.1 --task chain_arithmetic
    """
    from warehouse.connect import connect
    from warehouse.plain_text import harmless_json
    from warehouse.table_text import table_text

    with connect(Layout.from_env().published_database) as con:
        if reliability is None:
            table, rows = "fig_planner", _plans(con, width, task, model, decomposition)
        elif decomposition is not None or not 0 < reliability <= 1:
            fail("--reliability is a share above 0 and up to 1, and goes without --decomposition", status=2)
        else:
            table, rows = "fig_reliability", _votes(con, reliability, task, model)
    if rows.is_empty():
        fail(f"nothing is planned for these together; see: incoherence query 'from figures.{table}'", status=2)
    say(harmless_json(rows.write_json()) if as_json else table_text(rows, terminal_width()))


def _plans(
    con: duckdb.DuckDBPyConnection, width: float, task: str | None, model: str | None, decomposition: str | None
) -> pl.DataFrame:
    widths = [row[0] for row in con.execute("select distinct wanted_width from figures.fig_planner").fetchall()]
    if width not in widths:
        known = ", ".join(f"{value:g}" for value in sorted(widths)) or "none: too few items so far"
        fail(
            f"--width {width:g} is not planned for; there are {known}. Add it to planner_widths in "
            "dbt/dbt_project.yml, then: incoherence build && incoherence publish",
            status=2,
        )
    _known(con, "fig_planner", "--task", "task", task)
    _known(con, "fig_planner", "--model", "model_id", model)
    _known(con, "fig_planner", "--decomposition", "decomposition", decomposition)
    rows: pl.DataFrame = con.sql(
        "select task, model_id, condition_label, planned, round(width, 3) as width_now, "
        "n_more_items as more_items, n_calls_more_items as calls, round(cost_usd_more_items, 2) as usd, "
        "n_more_samples_per_item as or_more_samples_per_item, n_calls_more_samples as or_calls, "
        "round(cost_usd_more_samples, 2) as or_usd, "
        "'± ' || cast(round(100 * relative_error) as integer) || ' %' as planned_to "
        "from figures.fig_planner where wanted_width = ? "
        "and case when ? is null then is_main_decomposition else decomposition = ? end "
        "and task = coalesce(?, task) and model_id = coalesce(?, model_id) order by all",
        params=[width, decomposition, decomposition, task, model],
    ).pl()
    return rows


VOTES = """
    select
        task, model_id, condition_label,
        round(max(majority_at_k) filter (where k = 1), 3) as one_answer,
        min(k) filter (where majority_at_k >= $wanted) as votes,
        round(arg_min(cost_usd_per_item, k) filter (where majority_at_k >= $wanted), 6) as usd_per_item,
        min(k) filter (where majority_at_k_ci_low >= $wanted) as surely,
        round(arg_min(cost_usd_per_item, k) filter (where majority_at_k_ci_low >= $wanted), 6) as surely_usd,
        round(max(majority_at_k), 3) as best,
        arg_max(k, majority_at_k) as best_votes,
        arg_max(n_items, majority_at_k) || ' of ' || max(n_items) as best_of_items,
        case
            when count(majority_at_k) = 0 then 'answers are no options: nothing to vote on'
            when not bool_or(majority_at_k >= $wanted) then 'not reached with the votes that there are'
        end as note
    from figures.fig_reliability
    where task = coalesce($task, task) and model_id = coalesce($model, model_id)
    group by task, model_id, condition_id, condition_label
    order by all
"""
"""The fewest votes by the estimate, and by the lower end of its interval; k as far as items have so many samples."""


def _votes(con: duckdb.DuckDBPyConnection, wanted: float, task: str | None, model: str | None) -> pl.DataFrame:
    _known(con, "fig_reliability", "--task", "task", task)
    _known(con, "fig_reliability", "--model", "model_id", model)
    rows: pl.DataFrame = con.sql(VOTES, params={"wanted": wanted, "task": task, "model": model}).pl()
    return rows


def _known(con: duckdb.DuckDBPyConnection, table: str, option: str, column: str, value: str | None) -> None:
    """Fail, with what there is, if a table has nothing of this value."""
    rows = con.execute(f"select distinct {column} from figures.{table} order by all").fetchall()
    there = [name for (name,) in rows]
    if value is not None and value not in there:
        fail(f"{option} {value}: nothing is planned for it; there are {', '.join(there) or 'none so far'}", status=2)
