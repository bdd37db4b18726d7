"""Draw figures to PNG and SVG files in one house style."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure as MplFigure

from warehouse.figures.base import Figure, Tables
from warehouse.parquet import atomic_path

STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#868E96",
    "axes.grid": True,
    "grid.color": "#E9ECEF",
    "grid.linewidth": 0.8,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "figure.dpi": 110,
    "savefig.dpi": 160,
    "svg.hashsalt": "incoherence",  # equal data gives an equal file
    "svg.fonttype": "none",
}


def draw_figure(figure: Figure, tables: Tables, folder: Path) -> list[Path]:
    """Write `<name>.png` and `<name>.svg` of a figure into `folder` and return their paths."""
    with mpl.rc_context(STYLE):
        picture = _nothing_yet(figure) if figure.is_empty(tables) else figure.picture(tables).draw()
        # Placing everything is the slow part; done once, it serves both files.
        picture.draw_without_rendering()
        picture.set_layout_engine("none")
        written = []
        for suffix, metadata in (("png", {"Software": None}), ("svg", {"Date": None})):
            path = folder / f"{figure.name}.{suffix}"
            with atomic_path(path) as temporary:
                picture.savefig(temporary, format=suffix, metadata=metadata, facecolor="white")
            written.append(path)
    return written


def _nothing_yet(figure: Figure) -> MplFigure:
    picture = MplFigure(figsize=(7, 2.2))
    picture.text(0.5, 0.6, f"{figure.title}: no data yet", ha="center", fontsize=12, weight="bold", color="#495057")
    picture.text(0.5, 0.38, figure.needs, ha="center", fontsize=9.5, color="#868E96", wrap=True)
    return picture
