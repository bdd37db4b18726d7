"""How large the report is and how soon it can be used, with 1, 8, 50 and 144 pools: `python -m benchmarks.report_size`.

Each warehouse is made up and built by the product (`benchmarks.report_warehouses`), in FOLDER if one is given, where a
second run finds it built; then the report is made and opened in headless Chromium. With numbers, only these pools. The
result is written to `results/report_size.json`.

    python -m benchmarks.report_size [--in FOLDER] [POOLS …]
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.browser import Tab, browser
from benchmarks.report_warehouses import SIZES, write_warehouse
from warehouse.layout import Layout
from warehouse.report import make_report, write_page

RESULT = Path(__file__).with_name("results") / "report_size.json"

WIDTHS = (390, 1280, 1920)

BOUNDS = {"mb": 4.0, "usable_s": 3.0, "first_screen_px": 800}
"""Whatever the number of pools."""

REPORT_OF_144_TO_8 = 3.0
"""How many times as much processor time making the report may take."""

BUSY = 0.5
"""Processes that others keep running before a measurement, from which on its seconds are not to be relied on."""

HEIGHTS = {1: 8_000, 8: 30_000, 50: 30_000, 144: 30_000}
"""Of the page in CSS pixels at a width of 1280, all sections that have data open."""


def measure(layout: Layout, tab: Tab) -> dict[str, Any]:
    """Make the report of a built warehouse and look at it."""
    load = os.getloadavg()[0]
    page = write_page(layout).path
    began, worked = time.perf_counter(), time.process_time()
    told = make_report(layout)
    row: dict[str, Any] = {
        "report_s": round(time.perf_counter() - began, 1),
        "report_processor_s": round(time.process_time() - worked, 1),
        "load_before": round(load, 1),
        "is_machine_busy": load > BUSY,
        "faults": told.faults,
        "mb": round(page.stat().st_size / 1e6, 2),
    }
    for width in WIDTHS:
        began = time.perf_counter()
        tab.open(page, width, 800)
        tab.wait_for("document.body.dataset.usable")
        usable = time.perf_counter() - began
        tab.wait_for("document.body.dataset.drawn")
        drawn = time.perf_counter() - began
        row[f"at_{width}"] = {
            "usable_s": round(usable, 2),
            "all_charts_s": round(drawn, 2),
            "width_px": tab.ask("document.documentElement.scrollWidth"),
            "height_px": tab.ask("document.documentElement.scrollHeight"),
            "first_screen_px": round(tab.ask("document.getElementById('answer').getBoundingClientRect().bottom")),
            "console_errors": tab.errors,
            "requests": tab.requests,
        }
    return row


def faults(pools: int, row: dict[str, Any]) -> list[str]:
    """Which bounds a measured report exceeds."""
    wide = row["at_1280"]
    measured = [(row, "mb", BOUNDS["mb"]), (wide, "height_px", HEIGHTS[pools])]
    measured += [(wide, name, BOUNDS[name]) for name in ("usable_s", "first_screen_px")]
    measured += [(row[f"at_{width}"], "width_px", width) for width in WIDTHS]
    found = [f"{name} is {of[name]}, more than {most}" for of, name, most in measured if of[name] > most]
    for width in WIDTHS:
        at = row[f"at_{width}"]
        found += [f"at {width}: {at[what]}" for what in ("console_errors", "requests") if at[what]]
    return found + [f"{name} could not be drawn: {why}" for name, why in row["faults"].items()]


def main(sizes: list[int], folder: Path) -> int:
    """Measure each size and record the table; exit status 1 if a bound is exceeded."""
    rows: dict[str, Any] = {}
    with browser() as tab:
        for pools in sizes:
            layout = Layout(folder / f"pools-{pools}")
            if not layout.published_database.exists():
                write_warehouse(layout, SIZES[pools])
            row = measure(layout, tab)
            rows[str(pools)] = row | {"exceeded": faults(pools, row)}
            print(pools, json.dumps(rows[str(pools)]), flush=True)
    exceeded = any(row["exceeded"] for row in rows.values())
    result: dict[str, Any] = {"measured_at": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"), "pools": rows}
    if sizes == list(SIZES):
        ratio = rows["144"]["report_processor_s"] / rows["8"]["report_processor_s"]
        result["report_processor_s_of_144_to_8"] = round(ratio, 2)
        exceeded = exceeded or ratio > REPORT_OF_144_TO_8
        RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return int(exceeded)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--in", dest="folder", type=Path)
    parser.add_argument("pools", nargs="*", type=int, default=list(SIZES))
    given = parser.parse_args()
    if not set(given.pools) <= set(SIZES):
        parser.error(f"there are {', '.join(map(str, SIZES))} pools")
    with tempfile.TemporaryDirectory() as temporary:
        raise SystemExit(main(given.pools, given.folder or Path(temporary)))
