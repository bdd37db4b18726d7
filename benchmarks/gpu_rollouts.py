"""Rollouts too large to carry home, kept as the moments of every starting point at some of the steps."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import torch
from torch import Tensor

from synthetic.checkpoint import load_checkpoint
from synthetic.config import TEACHER_ID, ExperimentConfig, StartsConfig
from synthetic.experiment import checkpoint_path
from synthetic.machine import Machine
from synthetic.quadratic import Quadratic, descend, make_quadratic
from synthetic.rolling import Rollout, rollouts_of
from synthetic.rollouts import roll_out, rollout_starts
from warehouse.layout import Layout

EVERY = 32
"""Steps between two that are kept; the first and the last are kept too."""

SPAN = 64
"""Steps that are held at a time."""


class Rollouts:
    """Makes rollouts and gathers their moments.

    Args:
        config: the experiment.
        machine: where.

    Attributes:
        table: what was gathered so far, earlier runs included; None before the first.
    """

    def __init__(self, config: ExperimentConfig, machine: Machine) -> None:
        self.table: pa.Table | None = None
        self._config, self._machine = config, machine
        self._quadratic = make_quadratic(config.problem)

    def make(self, member_name: str | None, layout: Layout) -> dict[str, Any]:
        """All rollouts of a model or of the teacher (None) that are not there yet, with the weights that are carried.

        Raises:
            CheckpointError: if the model was not trained.
        """
        model_id = TEACHER_ID if member_name is None else self._config.model_id(member_name)
        known = set() if self.table is None else set(self.table["model_id"].to_pylist())
        if model_id in known:
            return {"rows": 0}
        tables = [
            table for each in rollouts_of(self._config, member_name) for table in self._walk(each, model_id, layout)
        ]
        kept = [] if self.table is None else [self.table]
        self.table = pa.concat_tables([*kept, *tables])
        return {"rows": sum(table.num_rows for table in tables)}

    def _walk(self, rollout: Rollout, model_id: str, layout: Layout) -> list[pa.Table]:
        config, device = self._config, self._machine.world.device
        n_steps, step_norm = config.rollout.n_steps, config.problem.step_norm
        x = torch.cat([rollout_starts(config, starts, self._quadratic).flatten(0, 1) for starts in rollout.starts])
        if rollout.member_name is None:
            points = descend(self._quadratic, x, n_steps, step_norm)[_kept(n_steps)]
        else:
            path = checkpoint_path(config, rollout.member_name, layout)
            model = load_checkpoint(path, config, rollout.member_name)
            model = model.half().float().to(device)  # the weights that are carried home
            numbers = torch.cat([torch.arange(starts.n_points) for starts in rollout.starts])
            spans = roll_out(model, x.to(device), config, rollout.temperature, span=SPAN, numbers=numbers)
            gathered, done = [x.unsqueeze(0)], 0
            for span in spans:
                gathered.append(span[[step - done - 1 for step in _kept(n_steps) if done < step <= done + len(span)]])
                done += len(span)
            points = torch.cat(gathered)
        parts = torch.split(points, [starts.n_points for starts in rollout.starts], dim=1)
        return [
            moments(config, self._quadratic, model_id, starts, rollout.temperature, part)
            for starts, part in zip(rollout.starts, parts, strict=True)
        ]


def _kept(n_steps: int) -> list[int]:
    return sorted({*range(0, n_steps + 1, EVERY), n_steps})


def moments(
    config: ExperimentConfig,
    quadratic: Quadratic,
    model_id: str,
    starts: StartsConfig,
    temperature: float,
    points: Tensor,
) -> pa.Table:
    """Points (kept steps, M · K, d) as a row per step and starting point, measured in the norm of A."""
    offsets = points.view(len(points), starts.n_anchors, starts.n_replicates, -1) - quadratic.b
    mean = offsets.mean(2)
    error = quadratic.squared_a_norm(offsets).mean(2)
    variance = quadratic.squared_a_norm(offsets - mean.unsqueeze(2)).mean(2)
    kept = torch.tensor(_kept(config.rollout.n_steps))
    n_rows = error.numel()
    return pa.table(
        {
            "problem_id": [config.problem_id] * n_rows,
            "model_id": [model_id] * n_rows,
            "is_teacher": [model_id == TEACHER_ID] * n_rows,
            "starts": [starts.name] * n_rows,
            "start_scale": [starts.scale] * n_rows,
            "jitter": [starts.jitter] * n_rows,
            "temperature": [temperature] * n_rows,
            "step": kept.repeat_interleave(starts.n_anchors).numpy(),
            "start_id": torch.arange(starts.n_anchors).repeat(len(kept)).numpy(),
            "n_points": [starts.n_replicates] * n_rows,
            "mean_offset": pa.array(mean.flatten(0, 1).float().tolist(), pa.list_(pa.float32())),
            "error": error.flatten().float().numpy(),
            "bias_sq": quadratic.squared_a_norm(mean).flatten().float().numpy(),
            "variance": variance.flatten().float().numpy(),
        }
    )
