"""The experiment's rollouts, of models and teacher, from checkpoints to the raw contract.

What starts at one temperature moves together, whatever distribution it starts from: one batch is what a GPU wants. Each
distribution has a file of its own. Importing this module does not import torch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from synthetic.checkpoint import check_header, fingerprint, load_checkpoint
from synthetic.config import TEACHER_ID, ExperimentConfig, StartsConfig
from synthetic.experiment import StepResult, checkpoint_path
from synthetic.machine import CPU, Machine, TimeIsUpError
from synthetic.rollout_files import RolloutFile, span_of
from warehouse.layout import Layout
from warehouse.tell import Tell, silence

if TYPE_CHECKING:
    from torch import Tensor

    from synthetic.quadratic import Quadratic


@dataclass(frozen=True)
class Rollout:
    """Rollouts that are made together: who walks, where from, and how tokens are chosen.

    Attributes:
        member_name: the model; None is the teacher.
        starts: where from.
        temperature: 0 for the teacher.
    """

    member_name: str | None
    starts: tuple[StartsConfig, ...]
    temperature: float

    def work(self, config: ExperimentConfig) -> int:
        """How much there is to do, beside other rollouts: parameters × points."""
        name = self.member_name
        n_parameters = 0 if name is None else config.param_count(config.member(name).size.name)
        return n_parameters * sum(starts.n_points for starts in self.starts)


def rollouts_of(config: ExperimentConfig, member_name: str | None) -> list[Rollout]:
    """All rollouts of a model, or of the teacher (None): one for each temperature."""
    by_temperature: dict[float, list[StartsConfig]] = {}
    for starts in config.rollout.starts:
        for temperature in (0.0,) if member_name is None else starts.temperatures:
            by_temperature.setdefault(temperature, []).append(starts)
    return [Rollout(member_name, tuple(starts), temperature) for temperature, starts in by_temperature.items()]


def make_rollout(
    rollout: Rollout, config: ExperimentConfig, layout: Layout, report: Tell = silence, machine: Machine = CPU
) -> list[StepResult]:
    """Make the spans of rollouts that are not there yet, and of each distribution's points a file of the raw layer.

    Raises:
        CheckpointError: if the model was not trained under this configuration.
        TimeIsUpError: if the machine's time is up; the next call goes on from there.
    """
    member_name = rollout.member_name
    if member_name is None:
        model_id, made_from = TEACHER_ID, config.problem_id
    else:
        model_id, checkpoint = config.model_id(member_name), checkpoint_path(config, member_name, layout)
        check_header(checkpoint, config, member_name)
        made_from = fingerprint(checkpoint)
    files = [RolloutFile(config, model_id, starts, rollout.temperature, made_from, layout) for starts in rollout.starts]
    results = {file.starts.name: StepResult(config.problem_id, model_id, file.path, 0, True) for file in files}
    missing = [file for file in files if not file.path.is_file()]
    for file in files:
        if file not in missing:
            report(f"{_label([file])}: already there, nothing to do ({file.path.name})")
    if not missing:
        return list(results.values())

    import torch

    from synthetic.quadratic import make_quadratic
    from synthetic.rollouts import roll_out

    device, n_steps = machine.world.device, config.rollout.n_steps
    quadratic = make_quadratic(config.problem, device)
    done, points = _begun(missing, quadratic)
    sizes = [file.starts.n_points for file in missing]
    span = span_of(sum(sizes))
    if member_name is None:
        spans = _descents(quadratic, points, n_steps - done, span, config.problem.step_norm)
    else:
        model = load_checkpoint(checkpoint, config, member_name, device)
        spans = roll_out(model, points, config, rollout.temperature, done=done, span=span, numbers=_numbers(missing))
    for made in spans:
        for file, part in zip(missing, torch.split(made.cpu(), sizes, dim=1), strict=True):
            file.write(done + 1, part.numpy())
        done += len(made)
        report(f"{_label(missing)}: step {done}/{n_steps}")
        if machine.time_slice.is_over and done < n_steps:
            raise TimeIsUpError(f"{_label(missing)}: stopped at step {done}/{n_steps}")
    for file in missing:
        n_rows = file.finish()
        results[file.starts.name] = StepResult(config.problem_id, model_id, file.path, n_rows, was_skipped=False)
    return list(results.values())


def _label(files: list[RolloutFile]) -> str:
    names = ", ".join(file.starts.name for file in files)
    return f"{files[0].model_id} from {names} starts, temperature {files[0].temperature:g}"


def _begun(files: list[RolloutFile], quadratic: Quadratic) -> tuple[int, Tensor]:
    """Steps that all the files have, and the points after them, file by file: shape (points, d)."""
    import torch

    from synthetic.rollouts import rollout_starts

    found = [file.done() for file in files]
    while len({0 if each is None else each[0] for each in found}) > 1:  # interrupted between two files of one span
        least = min(0 if each is None else each[0] for each in found)
        for file in files:
            file.forget_after(least)
        found = [file.done() for file in files]
    points = []
    for file, each in zip(files, found, strict=True):
        if each is None:
            x = rollout_starts(file.config, file.starts, quadratic).flatten(0, 1)
            file.write(0, x.unsqueeze(0).cpu().numpy())
        else:
            x = torch.from_numpy(each[1]).to(quadratic.b.device)
        points.append(x)
    return (0 if found[0] is None else found[0][0]), torch.cat(points)


def _numbers(files: list[RolloutFile]) -> Tensor:
    """Each point's number among those of its own distribution: what is drawn for it depends on that."""
    import torch

    return torch.cat([torch.arange(file.starts.n_points) for file in files])


def _descents(quadratic: Quadratic, points: Tensor, n_steps: int, span: int, step_norm: float) -> Iterator[Tensor]:
    """The teacher's steps from points (n, d), a span at a time: shape (steps, n, d)."""
    from synthetic.quadratic import descend

    while n_steps:
        made = descend(quadratic, points, min(span, n_steps), step_norm)[1:]
        points, n_steps = made[-1], n_steps - len(made)
        yield made
