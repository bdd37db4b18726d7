"""All pictures and the page, from the published file; one that fails stops no other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from warehouse.connect import connect
from warehouse.figures import FIGURES, draw_figure
from warehouse.layout import Layout
from warehouse.report.charts import reason
from warehouse.report.page import write_page
from warehouse.tell import TellStep


@dataclass(frozen=True)
class Report:
    """What was drawn and written.

    Attributes:
        page: the HTML page.
        pictures: the folder of the still pictures.
        faults: by name of the figure, why it could not be drawn.
    """

    page: Path
    pictures: Path
    faults: dict[str, str]


def make_report(
    layout: Layout, progress: TellStep = lambda name, done, total: None, *, with_pictures: bool = True
) -> Report:
    """Draw every figure, still and interactive, and write the page.

    Args:
        layout: the warehouse.
        with_pictures: also draw the stills, which the page does without; they take most of the time.
        progress: called before each figure with its name, how many are done, and how many there are.

    Raises:
        warehouse.connect.NothingPublishedError: if nothing has been published yet.
        OSError: if a file cannot be written.
    """
    connect(layout.published_database).close()  # that nothing is published is no fault of a picture
    layout.figures.mkdir(parents=True, exist_ok=True)  # also where there is nothing to draw
    faults: dict[str, str] = {}
    stills = FIGURES if with_pictures else ()
    for done, figure in enumerate(stills):
        progress(figure.name, done, len(FIGURES))
        try:
            draw_figure(figure, layout)
        except OSError:  # a full disk is no fault of a picture either
            raise
        except Exception as error:
            faults[figure.name] = reason(error)
    page = write_page(layout)
    progress("page", len(FIGURES), len(FIGURES))
    return Report(page.path, layout.figures, page.faults | faults)
