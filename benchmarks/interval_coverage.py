"""Do 95 % intervals hold the true incoherence 95 times in 100? `python -m benchmarks.interval_coverage` counts.

Experiments are drawn from populations whose truth is known (`benchmarks/populations.py`); the SQL of fct_incoherence
and fct_incoherence_difference, compiled by dbt, computes the intervals of thousands of them in one go. The result is
written after each population and size, and a run that was interrupted goes on where it stopped; a change of the SQL
starts anew.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import yaml

from benchmarks.item_numbers import ItemNumbers, item_numbers
from benchmarks.populations import (
    DECOMPOSITIONS,
    POPULATIONS,
    Items,
    draw_counts,
    draw_items,
    improved,
    true_incoherence,
)
from warehouse.layout import DBT_PROJECT_DIR, Layout
from warehouse.transform import prepare, run_dbt

RESULT = Path(__file__).with_name("results") / "interval_coverage.json"
SIZES = ((10, 5), (20, 30), (30, 5), (50, 5), (198, 10), (200, 30), (448, 30))
"""Items × samples of each; in the population `contexts` these come from 10 contexts, or fewer samples from one each."""

DIFFERENCE_SIZES = ((30, 5), (198, 10), (200, 30))
"""Where differences of two models are simulated too: they cost ten times as much."""

MODELS = ("fct_incoherence", "fct_incoherence_difference")
BETTER = 0.15
"""How often the second model of a difference knows what the first does not: both have the same items."""

LEAST, ENOUGH_SHOWN = 0.93, 200


@dataclass(frozen=True)
class Product:
    """The warehouse's SQL, to be run on made-up items.

    Attributes:
        queries: compiled SQL per model; with the items of a family as a cluster, per model + " by family".
        settings: from `read_settings`.
    """

    queries: dict[str, str]
    settings: dict[str, Any]

    @property
    def digest(self) -> str:
        """Changes with anything that changes an interval."""
        parts = {model: _of_intervals(query).split() for model, query in self.queries.items()}
        text = json.dumps([parts, self.settings], sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def _of_intervals(query: str) -> str:
    """The common table expression `corrected` of a query: what decides on an interval, nothing that stands beside."""
    start = query.index("corrected as (")
    depth = 0
    for place in range(start, len(query)):
        depth += {"(": 1, ")": -1}.get(query[place], 0)
        if query[place] == ")" and depth == 0:
            return query[start:place]
    raise ValueError("the common table expression `corrected` does not end")


def compiled(folder: Path) -> Product:
    """Have dbt compile the models, once per way of clustering."""
    layout = Layout(folder.resolve())
    prepare(layout)
    queries = {}
    for suffix, cluster in {"": "none", " by family": "subject"}.items():
        run_dbt(layout, ["compile", "--select", *MODELS, "--vars", json.dumps({"cluster": cluster})])
        results = json.loads((layout.dbt_target / "run_results.json").read_text())["results"]
        for result in results:
            kind, _, name = result["unique_id"].split(".")[:3]
            if kind == "model":
                queries[name + suffix] = result["compiled_code"]
    return Product(queries, read_settings())


def read_settings() -> dict[str, Any]:
    """What dbt's vars ask of an interval."""
    settings = yaml.safe_load((DBT_PROJECT_DIR / "dbt_project.yml").read_text())["vars"]
    return {name: float(settings[name]) for name in ("min_error_share", "min_mode_lead", "min_mode_lead_per_sample")}


def simulate(
    product: Product, population: str, n_items: int, n_samples: int, n_draws: int, seed: int
) -> list[dict[str, Any]]:
    """Intervals of many experiments on one population, one row per model and decomposition.

    Returns:
        what (incoherence or difference), decomposition, n_draws, n_shown (intervals), n_held (of them hold the truth),
        n_below and n_above (of those that miss it: where the interval lies), median_width, notes (why there is none,
        with counts).
    """
    rng = np.random.default_rng([seed, n_items, n_samples, POPULATIONS.index(population)])
    truth, other_truth = true_incoherence(population), true_incoherence(population, better=BETTER)
    suffix = " by family" if population == "families" else ""
    chunk = max(1, min(n_draws, 60_000 // n_items))
    found: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
    for first in range(0, n_draws, chunk):
        shape = (min(chunk, n_draws - first), n_items)
        items = draw_items(population, shape, rng)
        twins = Items(improved(items.probs, BETTER), items.passes, items.families)
        with duckdb.connect() as con:
            make_tables(con)
            has_difference = (n_items, n_samples) in DIFFERENCE_SIZES
            for model, of_model in (("first", items), ("second", twins))[: 1 + has_difference]:
                counts = draw_counts(population, of_model, n_samples, rng)
                leads = product.settings["min_mode_lead"], product.settings["min_mode_lead_per_sample"]
                for name, numbers in item_numbers(counts, of_model, *leads).items():
                    insert_items(con, model, name, numbers, items.families, n_samples)
            for what, query in _questions(product, suffix, has_difference).items():
                for name, *row in con.execute(query).fetchall():
                    found.setdefault((what, name), []).append(tuple(row))
    return [
        _summary(what, name, rows, truth[name] if what == "incoherence" else other_truth[name] - truth[name])
        for (what, name), rows in sorted(found.items())
    ]


def _questions(product: Product, suffix: str, has_difference: bool) -> dict[str, str]:
    ends = {
        "incoherence": ("fct_incoherence", "incoherence_unbiased", "model_id = 'first'"),
        "difference": ("fct_incoherence_difference", "incoherence_unbiased_difference", "true"),
    }
    return {
        what: f"select decomposition, {column}_ci_low, {column}_ci_high, interval_note "
        f"from ({product.queries[model + suffix]}) where {condition}"
        for what, (model, column, condition) in list(ends.items())[: 1 + has_difference]
    }


def make_tables(con: duckdb.DuckDBPyConnection) -> None:
    keys = "task varchar, model_id varchar, condition_id varchar, item_id varchar"
    con.execute(f"""
        attach ':memory:' as warehouse;
        create schema warehouse.intermediate;
        create schema warehouse.seeds;
        create table warehouse.intermediate.int_item_decomposition ({keys}, decomposition varchar, cluster_id varchar,
            n_samples bigint, accuracy double, mean_score double, error double, bias_sq double, variance double,
            bias_sq_unbiased double, variance_unbiased double, error_share double, mode_margin double,
            excess_agreement double);
        create table warehouse.intermediate.int_item_contexts ({keys}, decomposition varchar, context_id varchar,
            variance_unbiased double, error_shift double, variance_shift double, accuracy_shift double,
            score_shift double);
        create view warehouse.intermediate.int_item_samples as
            select distinct task, model_id, condition_id, 1 as n_samples, 0 as n_format_failures, 0 as n_renormalised,
                0 as n_errors, 0 as n_refused, 0 as n_cut_off
            from warehouse.intermediate.int_item_decomposition;
        create view warehouse.intermediate.int_pools as
            select distinct task, model_id, condition_id, 'brier' as main_decomposition
            from warehouse.intermediate.int_item_decomposition;
        create view warehouse.intermediate.int_pool_pairs as
            select distinct task, 'models' as compared, 'first' as model_id, condition_id, 'second' as other_model_id,
                condition_id as other_condition_id, 0 as n_pairs_left_out, 'brier' as main_decomposition
            from warehouse.intermediate.int_item_decomposition;
        create table warehouse.seeds.student_t_975 as
            select * from read_csv('{DBT_PROJECT_DIR}/seeds/student_t_975.csv');
    """)


def insert_items(
    con: duckdb.DuckDBPyConnection,
    model: str,
    decomposition: str,
    numbers: ItemNumbers,
    families: np.ndarray[Any, np.dtype[np.int64]],
    n_samples: int,
) -> None:
    n_draws, n_items = numbers.error.shape
    keys = {"draw": np.repeat(np.arange(n_draws), n_items), "item": np.tile(np.arange(n_items), n_draws)}
    columns = {
        name: getattr(numbers, name).ravel()
        for name in ("error", "variance", "variance_unbiased", "error_share", "mode_margin", "excess_agreement")
    }
    rows = pa.table(keys | columns | {"family": np.tile(families, n_draws)})
    identity = f"'dice', '{model}', 'draw ' || draw, 'item ' || item, '{decomposition}'"
    con.register("rows", rows)
    con.execute(f"""
        insert into warehouse.intermediate.int_item_decomposition
        select {identity}, 'family ' || family, {n_samples}, 1 - error_share, null, error, error - variance, variance,
            error - variance_unbiased, variance_unbiased, error_share,
            case when not isnan(mode_margin) then mode_margin end,
            case when not isnan(excess_agreement) then excess_agreement end
        from rows
    """)
    if numbers.error_shift is not None and numbers.variance_shift is not None:
        n_contexts = numbers.error_shift.shape[-1]
        shifts = {name: np.repeat(values, n_contexts) for name, values in keys.items()}
        shifts |= {"context": np.tile(np.arange(n_contexts), n_draws * n_items)}
        shifts |= {name: getattr(numbers, name).ravel() for name in ("error_shift", "variance_shift")}
        con.register("shifts", pa.table(shifts))
        con.execute(f"""
            insert into warehouse.intermediate.int_item_contexts
            select {identity}, 'context ' || context, null, error_shift, variance_shift, 0, 0 from shifts
        """)


def _summary(what: str, decomposition: str, rows: list[tuple[Any, ...]], truth: float) -> dict[str, Any]:
    shown = np.array([(low, high) for low, high, note in rows if low is not None], dtype=float).reshape(-1, 2)
    notes = [note for low, _, note in rows if low is None]
    assert all(notes), f"{sum(not note for note in notes)} missing intervals without a word why"
    held = (shown[:, 0] <= truth) & (truth <= shown[:, 1])
    return {
        "what": what,
        "decomposition": decomposition,
        "truth": truth,
        "n_draws": len(rows),
        "n_shown": len(shown),
        "n_held": int(held.sum()),
        "n_below": int((shown[:, 1] < truth).sum()),
        "n_above": int((shown[:, 0] > truth).sum()),
        "median_width": float(np.median(shown[:, 1] - shown[:, 0])) if len(shown) else None,
        "notes": {note: notes.count(note) for note in sorted(set(notes))},
    }


def verdict(row: dict[str, Any]) -> str:
    """What a cell says: `few` intervals, `fails` (99 % interval below 0.93), `wide` (above 0.97) or `holds`."""
    if row["n_shown"] < ENOUGH_SHOWN:
        return "few"
    share = row["n_held"] / row["n_shown"]
    if share + 2.576 * np.sqrt(share * (1 - share) / row["n_shown"]) < LEAST:
        return "fails"
    return "wide" if share > 0.97 else "holds"


def table(cells: dict[str, Any]) -> str:
    """Coverage (share of draws with an interval) per population, decomposition and size."""
    lines = []
    for what, sizes in {"incoherence": SIZES, "difference": DIFFERENCE_SIZES}.items():
        lines += [f"\n{what}: coverage (share shown); f fails, w above 0.97, . fewer than {ENOUGH_SHOWN} shown", ""]
        lines.append("".ljust(22) + "".join(f"{n}×{s}".rjust(14) for n, s in sizes))
        for population in POPULATIONS:
            for decomposition in DECOMPOSITIONS:
                line = f"{population} {decomposition}".ljust(22)
                for size in sizes:
                    rows = cells.get(f"{population} {size[0]}x{size[1]}", {}).get("rows", [])
                    row = next((r for r in rows if (r["what"], r["decomposition"]) == (what, decomposition)), None)
                    line += _cell(row).rjust(14)
                lines.append(line)
    return "\n".join(lines)


def _cell(row: dict[str, Any] | None) -> str:
    if row is None:
        return "–"
    mark = {"few": ".", "fails": "f", "wide": "w", "holds": ""}[verdict(row)]
    share = f"{row['n_held'] / row['n_shown']:.3f}" if row["n_shown"] else "–"
    return f"{share} ({row['n_shown'] / row['n_draws']:.2f}){mark}"


def main(arguments: list[str] | None = None) -> int:
    """Fill in what is missing, print the table; exit status 1 if a cell fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=2_000, help="experiments per cell (2,000: standard error 0.005)")
    parser.add_argument("--populations", nargs="+", choices=POPULATIONS, default=POPULATIONS)
    parser.add_argument("--result", type=Path, default=RESULT)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        product = compiled(Path(folder))
    identity = {"sql": product.digest, "draws": options.draws}
    cells = json.loads(options.result.read_text()).get("cells", {}) if options.result.is_file() else {}
    for population in options.populations:
        for n_items, n_samples in SIZES:
            name = f"{population} {n_items}x{n_samples}"
            if {key: cells.get(name, {}).get(key) for key in identity} == identity:
                continue
            started = time.process_time()
            rows = simulate(product, population, n_items, n_samples, options.draws, seed=1)
            cells[name] = identity | {"cpu_s": round(time.process_time() - started, 1), "rows": rows}
            _write(options.result, {"cells": cells})
            print(name, "".join(f"  {r['what'][:4]} {r['decomposition']} {_cell(r)}" for r in rows), flush=True)
    print(table(cells))
    failing = [
        f"{name}: {row['what']} {row['decomposition']}"
        for name, cell in cells.items()
        for row in cell["rows"]
        if verdict(row) == "fails"
    ]
    print("\nfails: " + ("; ".join(failing) or "none"))
    return int(bool(failing))


def _write(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(exist_ok=True)
    unfinished = path.with_suffix(".new")
    unfinished.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    unfinished.replace(path)


if __name__ == "__main__":
    sys.exit(main())
