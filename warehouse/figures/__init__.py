"""Pictures of the figure tables: a still one (matplotlib) and an interactive one (Altair) for each.

A picture reads `figures.fig_*` tables of the published file and computes nothing: what it shows can be queried. To add
one, write a module with a `FIGURE` and list it here; charts, report and the Dagster graph follow from this list.
"""

from __future__ import annotations

from warehouse.figures import (
    incoherence_by_reasoning_length,
    natural_overthinking,
    synthetic_by_scale,
    synthetic_by_step,
)
from warehouse.figures.base import Figure, read_tables
from warehouse.figures.render import draw_figure

FIGURES: tuple[Figure, ...] = (
    incoherence_by_reasoning_length.FIGURE,
    natural_overthinking.FIGURE,
    synthetic_by_step.FIGURE,
    synthetic_by_scale.FIGURE,
)
"""In the order of the report."""

__all__ = ["FIGURES", "Figure", "draw_figure", "read_tables"]
