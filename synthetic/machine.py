"""Where and for how long an experiment runs: nothing here is a setting of the experiment.

One process, or many that train together under `torchrun`. Every process makes the same batches and learns from its
share of each; gradients are averaged, so all processes hold the same weights after every step. Long runs are cut into
slices: work until the time is up, keep what was done, and go on from there in the next run.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

# torch takes seconds to import, so only what many processes do together imports it.
if TYPE_CHECKING:
    from torch import Tensor, nn

WAIT_PASSIVELY = {"OMP_WAIT_POLICY": "PASSIVE"}
"""What a program sets in its environment before torch loads its OpenMP, which reads it once. By default a thread that
waits for the other spins: measured on two cores beside one other busy process, a training step then takes 520 ms;
waiting passively, 65 ms. Importing this package sets nothing: the process is the program's."""

T = TypeVar("T")

PATIENCE = timedelta(days=1)
"""How long a process waits for the others: their parts of the rollouts may take hours more than its own."""


class TimeIsUpError(RuntimeError):
    """The slice is over; what was done is on disk, and the same call goes on from there."""


@dataclass
class Slice:
    """A span of time to work in.

    Attributes:
        minutes: its length from now on; None is without end.
    """

    minutes: float | None = None
    _started: float = field(default_factory=time.monotonic, init=False)

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return self.minutes is not None and time.monotonic() - self._started >= self.minutes * 60


@dataclass(frozen=True)
class World:
    """The processes of a run.

    Attributes:
        rank: number of this process, from 0; process 0 writes files and reports.
        size: number of processes.
        device: of this process.
    """

    rank: int = 0
    size: int = 1
    device: str = "cpu"

    @property
    def is_first(self) -> bool:
        """Whether this process writes and reports."""
        return self.rank == 0

    def share_of(self, batch: Tensor) -> Tensor:
        """This process's rows of a batch."""
        return batch[self.rank :: self.size]

    def spread(self, model: nn.Module) -> nn.Module:
        """The model, whose gradients become the mean over all processes."""
        if self.size == 1:
            return model
        from torch.nn.parallel import DistributedDataParallel

        return DistributedDataParallel(model)

    def mean(self, value: Tensor) -> Tensor:
        """Mean of a scalar over all processes."""
        if self.size > 1:
            from torch import distributed

            value = value.detach().clone()
            distributed.all_reduce(value)
            value /= self.size
        return value

    def agree(self, decision: bool) -> bool:
        """The first process's decision, in every process."""
        if self.size > 1:
            import torch
            from torch import distributed

            told = torch.tensor([int(decision)], device=self.device)
            distributed.broadcast(told, src=0)
            decision = bool(told.item())
        return decision

    def any(self, condition: bool) -> bool:
        """Whether it holds in any process; waits until every process has come here."""
        if self.size > 1:
            import torch
            from torch import distributed

            told = torch.tensor([int(condition)], device=self.device)
            distributed.all_reduce(told, distributed.ReduceOp.MAX)
            condition = bool(told.item())
        return condition


ALONE = World()
"""One process on the CPU."""


@dataclass(frozen=True)
class Machine:
    """What an experiment runs on.

    Attributes:
        world: processes, and the device of each.
        time_slice: how long to work.
        compiled: whether training is compiled (`torch.compile`). It takes up to a minute per size, and on a CPU a C++
            compiler.
    """

    world: World = ALONE
    time_slice: Slice = field(default_factory=Slice)
    compiled: bool = False

    @property
    def side_by_side(self) -> bool:
        """Whether models of one size are trained as one: a small one alone does not fill a GPU.

        Not on a CPU, where each step of one model fills the cores, nor where many processes share the batches.
        """
        return self.world.size == 1 and self.world.device.startswith("cuda")

    def share_of(self, jobs: Sequence[T]) -> Sequence[T]:
        """This process's part of jobs that are done one by one."""
        return jobs[self.world.rank :: self.world.size]


CPU = Machine()
"""One process on the CPU, for as long as it takes."""


@contextmanager
def join_world(device: str) -> Iterator[World]:
    """The world that `torchrun` describes in the environment, or a world of one process.

    With `device="cuda"`, each process on a machine takes a GPU of its own.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield World(device=device)
        return
    import torch
    from torch import distributed

    if device == "cuda":
        device = f"cuda:{os.environ['LOCAL_RANK']}"
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo", timeout=PATIENCE)
    try:
        yield World(rank=distributed.get_rank(), size=size, device=device)
    finally:
        distributed.destroy_process_group()
