"""A spec from its file to its last sample: what it would take, what is missing, and the vectors of its answers."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from ingestion.sampling.drawing.run import sample
from ingestion.sampling.drawing.run_progress import Watcher
from ingestion.sampling.drawing.summary import SampleSummary
from ingestion.sampling.embeddings import EmbeddingSummary, embed_answers
from ingestion.sampling.plans.plan import plan
from ingestion.sampling.spec.file import load_spec
from warehouse.layout import Layout
from warehouse.tell import Tell, silence

Bar = Callable[[], AbstractContextManager[tuple[Watcher, Tell]]]
"""Shows what is being drawn: takes the counts, and lines that are to stand beside them."""


@dataclass(frozen=True)
class SpecRun:
    """What became of a spec.

    Attributes:
        samples: what was drawn, and what is missing.
        embedded: what was embedded; None if the spec asks for no vectors.
    """

    samples: SampleSummary
    embedded: EmbeddingSummary | None

    def lines(self) -> list[str]:
        """What became of it, for people."""
        lines = self.samples.lines()
        if self.embedded:
            lines.append(f"{self.embedded.n_embedded:,} answers embedded with {self.embedded.embedding_model}")
        return lines

    def why_missing(self) -> str | None:
        """How many samples are missing, and why; None if none is."""
        if not self.samples.n_missing:
            return None
        why = self.samples.stopped or f"{self.samples.n_errors:,} ended in an error; run the same command again"
        return f"{self.samples.n_missing:,} samples are missing: {why}"


def run_spec(
    path: Path, layout: Layout, *, dry_run: bool = False, report: Tell = silence, bar: Bar | None = None
) -> SpecRun | None:
    """Say what an experiment takes, draw what is missing of it, and embed its answers if it asks for that.

    Args:
        path: the spec.
        layout: the warehouse.
        dry_run: only say what it takes.
        report: takes a line for people now and then.
        bar: shows the progress of drawing; by default lines go to `report`.

    Returns:
        What became of it; None of a dry run.

    Raises:
        SpecError: if the spec is wrong.
        Exception: what `sample` and `embed_answers` raise.
    """
    spec = load_spec(path)
    for line in plan(spec, layout).lines():
        report(line)
    if dry_run:
        return None
    with nullcontext((None, report)) if bar is None else bar() as (watch, tell):
        samples = sample(spec, layout, report=tell, watch=watch)
    return SpecRun(samples, embed_answers(spec, layout, report=report) if spec.embeddings else None)
