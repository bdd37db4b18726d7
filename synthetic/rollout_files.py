"""Rollouts as Parquet: written span by span as they are made, so that neither memory nor an interruption matters.

Finished spans wait beside the checkpoints. When the last one is there, they become one file of the raw layer, at once.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from synthetic.config import TEACHER_ID, ExperimentConfig, StartsConfig
from warehouse.layout import Layout
from warehouse.parquet import atomic_writer, read_rows
from warehouse.schemas import SYNTHETIC_ROLLOUTS

SPAN_ROWS = 65_536
"""Rows of a span, about: what an interruption can lose."""

Points = NDArray[np.float64]


def span_of(n_points: int) -> int:
    """Steps of a span of so many points."""
    return max(1, SPAN_ROWS // n_points)


@dataclass(frozen=True)
class RolloutFile:
    """Where the rollout of one model, from one distribution of starts at one temperature, goes.

    Attributes:
        config: the experiment.
        model_id: the model, or the teacher.
        starts: where from.
        temperature: 0 for the teacher.
        made_from: fingerprint of the weights; it is part of the file's name, so that new weights make a new file.
        layout: the warehouse.
    """

    config: ExperimentConfig
    model_id: str
    starts: StartsConfig
    temperature: float
    made_from: str
    layout: Layout

    @property
    def path(self) -> Path:
        """The finished file."""
        partition = {"problem_id": self.config.problem_id, "model_id": self.model_id, "starts": self.starts.name}
        folder = self.layout.partition("synthetic_rollouts", partition)
        return folder / f"{self._temperature_prefix}{self.made_from}.parquet"

    def done(self) -> tuple[int, Points] | None:
        """Number of steps made already, and the points after them, shape (M · K, d); None before the first span."""
        spans = self._spans()
        if not spans:
            return None
        table = pq.read_table(spans[-1], columns=["step", "x"], partitioning=None)
        last = table.slice(table.num_rows - self.starts.n_points)
        points = last["x"].combine_chunks().flatten().to_numpy().reshape(self.starts.n_points, -1)
        return last["step"][0].as_py(), points.copy()

    def forget_after(self, step: int) -> None:
        """Drop spans that begin after a step."""
        for span in self._spans():
            if int(span.stem) > step:
                span.unlink()

    def write(self, first_step: int, points: Points) -> None:
        """Keep a span: the points after `first_step` and the steps that follow it, shape (steps, M · K, d)."""
        with atomic_writer(self._folder / f"{first_step:08}.parquet", SYNTHETIC_ROLLOUTS.schema) as writer:
            writer.write_table(self._table(first_step, points))

    def finish(self) -> int:
        """Make one file of all spans, in place of older ones of the same kind; return its number of rows."""
        with atomic_writer(self.path, SYNTHETIC_ROLLOUTS.schema) as writer:
            for span in self._spans():
                writer.write_table(read_rows(span, SYNTHETIC_ROLLOUTS))
        for other in self.path.parent.glob(f"{self._temperature_prefix}*.parquet"):
            if other != self.path:
                other.unlink()
        shutil.rmtree(self._folder)
        return int(pq.read_metadata(self.path).num_rows)

    @property
    def _temperature_prefix(self) -> str:
        return f"rollouts-temperature={self.temperature:g}-"

    @property
    def _folder(self) -> Path:
        name = f"{self.model_id}.{self.starts.name}.{self.path.stem}.spans"
        return self.layout.checkpoint(self.config.problem_id, name)

    def _spans(self) -> list[Path]:
        """Finished spans, in order."""
        return sorted(self._folder.glob("[0-9]*.parquet"))

    def _table(self, first_step: int, points: Points) -> pa.Table:
        """Points of shape (steps, M · K, d) in the contract's order: step, start, replicate."""
        n_steps, n_points, d = points.shape
        n_rows = n_steps * n_points
        shape = (n_steps, self.starts.n_anchors, self.starts.n_replicates)
        step, start, replicate = np.indices(shape, dtype=np.int32).reshape(3, -1)
        offsets = np.arange(0, (n_rows + 1) * d, d, dtype=np.int32)
        columns = {
            "problem_id": pa.repeat(self.config.problem_id, n_rows),
            "model_id": pa.repeat(self.model_id, n_rows),
            "is_teacher": pa.repeat(self.model_id == TEACHER_ID, n_rows),
            "starts": pa.repeat(self.starts.name, n_rows),
            "start_scale": pa.repeat(self.starts.scale, n_rows),
            "jitter": pa.repeat(self.starts.jitter, n_rows),
            "temperature": pa.repeat(self.temperature, n_rows),
            "start_id": start,
            "replicate": replicate,
            "step": step + np.int32(first_step),
            "x": pa.ListArray.from_arrays(offsets, points.astype(np.float64).ravel()),
            "ingested_at": pa.repeat(pa.scalar(datetime.now(UTC), pa.timestamp("us", tz="UTC")), n_rows),
        }
        return pa.table(columns, schema=SYNTHETIC_ROLLOUTS.schema)
