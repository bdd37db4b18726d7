"""Draw figures to PNG and SVG files in one house style."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure as MplFigure

from warehouse.connect import connect
from warehouse.figures.base import Figure, Tables, read_tables
from warehouse.layout import Layout
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
    "text.parse_math": False,  # a name may hold a dollar sign
    "text.usetex": False,
    "legend.fontsize": 8.5,
    "figure.dpi": 110,
    "savefig.dpi": 160,
    "svg.hashsalt": "incoherence",  # equal data gives an equal file
    "svg.fonttype": "none",
}


@dataclass(frozen=True)
class Drawn:
    """The files of one figure, and how many rows of its tables they were drawn from."""

    png: Path
    svg: Path
    n_rows: int


def draw_figure(figure: Figure, layout: Layout) -> Drawn | None:
    """Draw a figure of the published warehouse into its folder of pictures, as PNG and as SVG.

    Where the warehouse has nothing for it, None is returned and no file is there: one of an earlier build is removed.

    Raises:
        warehouse.connect.NothingPublishedError: if nothing has been published yet.
    """
    with connect(layout.published_database) as con:
        tables = read_tables(con, figure.tables)
    png, svg = layout.picture(figure.name, "png"), layout.picture(figure.name, "svg")
    if figure.is_empty(tables):
        png.unlink(missing_ok=True)
        svg.unlink(missing_ok=True)
        return None
    picture = still(figure, tables)
    with mpl.rc_context(STYLE):
        # Placing everything is the slow part; done once, it serves both files, each drawn once without an engine.
        picture.draw_without_rendering()
        if _is_cut(picture):  # the first time, the layout does not know yet how wide the labels at the ticks are
            picture.draw_without_rendering()
        picture.set_layout_engine(None)
        for path, metadata in ((png, {"Software": None}), (svg, {"Date": None})):
            with atomic_path(path) as temporary:
                picture.savefig(temporary, format=path.suffix[1:], metadata=metadata, facecolor="white")
    return Drawn(png, svg, sum(table.height for table in tables.values()))


def still(figure: Figure, tables: Tables) -> MplFigure:
    """The still picture in the house style, of tables that hold something to draw."""
    with mpl.rc_context(STYLE):
        return figure.picture(tables).draw()


def _is_cut(picture: MplFigure) -> bool:
    """Whether the name of an axis ends outside the picture."""
    names = [label for axis in picture.axes for label in (axis.xaxis.label, axis.yaxis.label) if label.get_text()]
    boxes = [name.get_window_extent() for name in names]
    return any(box.x0 < 0 or box.y0 < 0 or box.x1 > picture.bbox.x1 or box.y1 > picture.bbox.y1 for box in boxes)
