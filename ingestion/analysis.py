"""From logs to tables and a report in one call; `incoherence analyze` is this with a browser.

What belongs here: the order of import, build, publish and report, and what is told on the way. What each of them does
is theirs.
"""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ingestion.logs.importer import ImportSummary, import_paths
from warehouse import environment
from warehouse.connect import connect
from warehouse.freshness import is_published, mark_published
from warehouse.layout import Layout
from warehouse.publish import publish
from warehouse.raw import count_rows
from warehouse.tell import Tell, TellStep

if TYPE_CHECKING:
    import polars as pl

    from warehouse.report import Report


class NothingToAnalyzeError(ValueError):
    """No sample was read from the logs, and none was there before."""


@dataclass(frozen=True)
class Analysis:
    """An analysed warehouse; its tables are read as polars frames when they are asked for.

    Attributes:
        layout: the warehouse.
        is_temporary: whether it lies in a temporary folder, where `WAREHOUSE_ROOT` named none.
        imported: what became of each log.
        report: the page, and the figures that could not be drawn.
    """

    layout: Layout
    is_temporary: bool
    imported: ImportSummary
    report: Report

    @property
    def pools(self) -> pl.DataFrame:
        """Incoherence with its interval for each task, model and condition: `marts.fct_incoherence`, main rows."""
        return self.query("from marts.fct_incoherence where is_main_decomposition")

    @property
    def findings(self) -> pl.DataFrame:
        """Whether each finding of the paper holds here: `figures.findings`."""
        return self.query("from figures.findings")

    @property
    def items(self) -> pl.DataFrame:
        """Error, bias² and variance of every item, with all labels: `marts.incoherence`."""
        return self.query("from marts.incoherence")

    @property
    def samples(self) -> pl.DataFrame:
        """Every sample with all labels: `marts.samples`."""
        return self.query("from marts.samples")

    def query(self, sql: str) -> pl.DataFrame:
        """The rows of a query over the schemas marts and figures."""
        with connect(self.layout.published_database) as con:
            frame: pl.DataFrame = con.sql(sql).pl()
        return frame


def analyze(
    *logs: Path | str,
    root: Path | str | None = None,
    log_format: str | None = None,
    mapping: Path | None = None,
    scorer: str | None = None,
    scale: tuple[float, float] | None = None,
    grades: Sequence[str] = (),
    tell: Tell | None = None,
    progress: TellStep = lambda name, done, total: None,
) -> Analysis:
    """Import logs, compute every table, publish and write the report. What is up to date already is not done again.

    Still pictures are drawn where the warehouse is to stay; in a temporary one `incoherence report` draws them, and its
    tables are computed without dbt where that can be (`warehouse.first_build`).

    Args:
        logs: files, folders, and patterns.
        root: the warehouse; by default the one that `WAREHOUSE_ROOT` names, or a temporary one, which is kept.
        log_format, mapping, scorer, scale, grades: as `ingestion.logs.importer.import_paths` has them.
        tell: is called once for each log that was refused, or of which most could not be used; by default it warns.
        progress: is called with each step, how many are done, and how many there are.

    Raises:
        NothingToAnalyzeError: if no log has a sample.
        ValueError: if what is said of the logs does not go with them.
        OSError, warehouse.transform.BuildError, warehouse.lock.LockedError: as its steps do.

    Example:
        >>> from ingestion.analysis import analyze
        >>> analyze("logs/*.eval").pools  # doctest: +SKIP
    """
    named = Path(root) if root is not None else environment.path("WAREHOUSE_ROOT")
    layout = Layout((named or Path(tempfile.mkdtemp(prefix="incoherence-warehouse-"))).resolve())
    try:
        paths = [Path(log) for log in logs]
        imported = import_paths(
            paths, layout, log_format=log_format, mapping=mapping, scorer=scorer, scale=scale, grades=grades
        )
        problems = [
            f"{file.path}: {file.message}" for file in imported.reports if file.outcome == "refused" or file.has_warning
        ]
        if len(imported.reports) == imported.count("refused") or not count_rows(layout, "samples"):
            raise NothingToAnalyzeError("\n".join(problems) or "no log among these, and no sample")
    except BaseException:
        if named is None:
            shutil.rmtree(layout.root)
        raise
    if note := imported.passed_over_note:
        problems.append(note)
    if n := imported.n_quarantined - imported.count("refused"):
        problems.append(f"{n:,} quarantined, each with its reason: WAREHOUSE_ROOT={layout.root} incoherence status")
    for problem in problems:
        if tell is None:
            warnings.warn(problem, stacklevel=2)
        else:
            tell(problem)
    return Analysis(layout, named is None, imported, _reported(layout, progress, with_pictures=named is not None))


def _reported(layout: Layout, progress: TellStep, *, with_pictures: bool) -> Report:
    """Build, publish and report, unless nothing has changed since."""
    from warehouse.report import Report, make_report
    from warehouse.transform import build

    if is_published(layout):
        return Report(layout.report, layout.figures, {})
    # Nothing is fetched: what was asked for are these logs.
    build(layout, fetches=False, without_dbt=not with_pictures, progress=progress)
    publish(layout)
    report = make_report(layout, progress, with_pictures=with_pictures)
    if with_pictures and not report.faults:
        mark_published(layout)
    return report
