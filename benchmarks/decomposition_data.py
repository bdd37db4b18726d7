"""Samples for the benchmarks of the item decomposition, and the dbt models that decompose them.

The samples lie as the model `int_sample_answers` hands them on: one Parquet file, in order of items. Answers are
letters of four, of items that differ in how sure the answer is; which letter comes out is a hash of the row, so that
any number of rows takes no memory.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import duckdb

from warehouse.layout import Layout
from warehouse.transform import prepare, run_dbt

N_CLASSES, N_EPOCHS = 4, 30
MODELS = (
    "int_item_numbers",
    "int_item_answers",
    "int_item_letters",
    "int_item_class_moments",
    "int_item_kl_jackknife",
    "int_item_kl",
    "int_item_brier",
)
"""In the order in which dbt builds them."""
CORRECTION = "int_item_kl_jackknife"
"""What only corrected numbers need; those of Brier cost nothing beside the uncorrected ones."""


def write_samples(path: Path, n_items: int) -> None:
    """Write `n_items` × 30 samples."""
    with duckdb.connect() as con:
        con.execute(
            f"""
            copy (
                select
                    'bench' as task,
                    'model' as model_id,
                    'condition' as condition_id,
                    'item ' || lpad(cast(item as varchar), 8, '0') as item_id,
                    {N_CLASSES} as n_classes,
                    item % {N_CLASSES} as target_index,
                    'choice' as answer_kind,
                    cast(floor({N_CLASSES} * pow(chance, 0.3 + (item % 7) / 2.0)) as integer) as choice_index,
                    cast(null as double[]) as class_probs,
                    cast(null as double) as prob_total,
                    choice_index as predicted_index,
                    choice_index = target_index as is_correct,
                    false as is_format_failure,
                    false as is_renormalised,
                    'ok' as status,
                    100 + row % 900 as output_tokens,
                    50 + row % 800 as reasoning_tokens,
                    cast(null as integer) as n_actions
                from (
                    select row, row // {N_EPOCHS} as item, (hash(row) % 1000003) / 1000003.0 as chance
                    from range({n_items * N_EPOCHS}) as rows(row)
                )
            ) to '{path}' (format parquet)
            """
        )


def compiled_models() -> dict[str, str]:
    """The SQL of the decomposition's models, as dbt compiles it for an empty warehouse."""
    with tempfile.TemporaryDirectory() as folder:
        layout = Layout(Path(folder).resolve())
        prepare(layout)
        run_dbt(layout, ["compile", "--select", *MODELS])
        results = json.loads((layout.dbt_target / "run_results.json").read_text())["results"]
    sql = {result["unique_id"].rsplit(".", 1)[-1]: result["compiled_code"] for result in results}
    return {model: sql[model] for model in MODELS}


def decompose(
    samples: Path, models: dict[str, str], database: Path, memory: str | None = None, corrected: bool = True
) -> int:
    """Build the models in a new database file over the samples; returns the number of items.

    Uncorrected, the jackknife of KL is an empty table, and what is corrected with it is NULL.
    """
    database.unlink(missing_ok=True)
    with duckdb.connect(str(database)) as con:
        if memory:
            con.execute(f"set memory_limit = '{memory}'")
        con.execute(f"create schema intermediate; create view intermediate.int_sample_answers as from '{samples}'")
        for model, sql in models.items():
            without_rows = model == CORRECTION and not corrected
            con.execute(f"create table intermediate.{model} as {sql}" + (" limit 0" if without_rows else ""))
        found = con.execute(
            "select count(*) from intermediate.int_item_kl inner join intermediate.int_item_brier using (item_number)"
        ).fetchone()
    assert found is not None
    return int(found[0])
