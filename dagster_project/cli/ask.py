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
    as_json: AsJson = False,
) -> None:
    """How many more items, or samples per item, make the interval of incoherence so narrow, and what they cost.

    Reads figures.fig_planner, which says how from the data so far. An empty number of samples: no number is enough, or
    there are fewer than four per item to tell by. Embeddings have no incoherence: theirs is the interval of the mean
    variance, divided by that mean.

    Example: incoherence plan --width 0.1 --task chain_arithmetic
    """
    from warehouse.connect import connect

    with connect(Layout.from_env().published_database) as con:
        widths = [row[0] for row in con.execute("select distinct wanted_width from figures.fig_planner").fetchall()]
        if width not in widths:
            known = ", ".join(f"{value:g}" for value in sorted(widths)) or "none: too few items so far"
            fail(
                f"--width {width:g} is not planned for; there are {known}. Add it to planner_widths in "
                "dbt/dbt_project.yml, then: incoherence build && incoherence publish",
                status=2,
            )
        _known(con, "--task", "task", task)
        _known(con, "--model", "model_id", model)
        _known(con, "--decomposition", "decomposition", decomposition)
        rows = con.sql(
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
    if rows.is_empty():
        fail("nothing is planned for these together; see: incoherence query 'from figures.fig_planner'", status=2)
    from warehouse.plain_text import harmless_json
    from warehouse.table_text import table_text

    say(harmless_json(rows.write_json()) if as_json else table_text(rows, terminal_width()))


def _known(con: duckdb.DuckDBPyConnection, option: str, column: str, value: str | None) -> None:
    """Fail, with what there is, if the planner has nothing of this value."""
    rows = con.execute(f"select distinct {column} from figures.fig_planner order by all").fetchall()
    there = [name for (name,) in rows]
    if value is not None and value not in there:
        fail(f"{option} {value}: nothing is planned for it; there are {', '.join(there) or 'none so far'}", status=2)
