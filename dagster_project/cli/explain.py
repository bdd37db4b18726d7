"""Why a number is what it is."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from dagster_project.cli.app import app, fail, say, terminal_width
from dagster_project.cli.ask import AsJson
from warehouse.layout import Layout


@app.command()
def explain(
    model: Annotated[str, typer.Argument(help="A model's id, or a part of it that no other model has.")],
    task: Annotated[str | None, typer.Option(help="Only this task.")] = None,
    condition: Annotated[str | None, typer.Option(help="Only this condition, by its id or label.")] = None,
    item: Annotated[str | None, typer.Option(help="Only this item, with each of its samples.")] = None,
    top: Annotated[int, typer.Option(min=1, help="Items of each pool to show, those with most error first.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Why a model's incoherence is what it is: its parts, the items that carry them, their answers.

    Reads the published file. `incoherence_without` is the pool's incoherence without that item; a star marks the right
    answer. With --item, each sample and the log that it came from.

    Example: incoherence explain reasoner-l --task chain_arithmetic

    Example: incoherence explain reasoner-l --item chain-0-00063
    """
    from warehouse.connect import connect
    from warehouse.explain import UnknownNameError, told
    from warehouse.explain import explain as explained
    from warehouse.plain_text import harmless_json

    layout = Layout.from_env()
    try:
        with connect(layout.published_database) as con:
            pools = explained(layout, con, model, task=task, condition=condition, item=item)
    except UnknownNameError as error:
        fail(str(error), status=2)
    if not as_json:
        say(told(pools, top, terminal_width()))
        return
    facts = [
        pool.row
        | {"findings": pool.findings, "items": pool.items.head(top).to_dicts()}
        | ({} if pool.samples is None else {"samples": pool.samples.to_dicts()})
        for pool in pools
    ]
    say(harmless_json(json.dumps(facts, ensure_ascii=False, default=str)))
