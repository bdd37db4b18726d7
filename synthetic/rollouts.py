"""Roll a trained model out: it proposes a step from each point, again and again.

Markovian, as in the paper: tokens(x) → constrained decoding of u → x ← x + u in float64 → tokens again. What a point
becomes depends on its own place in the batch and the step alone; so a rollout can be cut anywhere and go on later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from queue import SimpleQueue

import torch
from torch import Tensor

from synthetic.config import ExperimentConfig, StartsConfig
from synthetic.counters import uniforms
from synthetic.decoding import Decoder, kept_bytes
from synthetic.model import Transformer
from synthetic.quadratic import Quadratic, sample_starts
from synthetic.tokens import NumberTokens

GROUP_ROWS, GROUP_BYTES = 512, 128 * 2**20
"""Points that move together on a CPU, and the most bytes that are kept of them.

With fewer points, more of the time goes into starting operations; more points are no faster, and take more memory.
"""


def rollout_starts(config: ExperimentConfig, starts: StartsConfig, quadratic: Quadratic) -> Tensor:
    """Anchors × jittered replicates: shape (M, K, d). Model and teacher start from the same points."""
    generator = torch.Generator().manual_seed(config.rollout.seed)
    anchors = sample_starts(quadratic, starts.n_anchors, starts.scale, generator)
    shape = (starts.n_anchors, starts.n_replicates, config.problem.dimension)
    noise = torch.randn(shape, generator=generator, dtype=torch.float64).to(anchors.device)
    return anchors[:, None, :] + starts.jitter * noise


Move = Callable[[Tensor, Tensor, Tensor], Tensor]


class Roller:
    """Moves points by a model's steps. One thread at a time: its buffers are its own.

    Args:
        model: the transformer.
        config: tokens and seed.
        temperature: see `StartsConfig`.
        n_rows: points at a time.
    """

    def __init__(self, model: Transformer, config: ExperimentConfig, temperature: float, n_rows: int) -> None:
        self._codec = NumberTokens(config.tokens.decimals)
        self._decoder = Decoder.of(model, self._codec.legal_mask(config.update_length), n_rows)
        self._temperature = temperature
        self._seed = config.rollout.seed
        self._n_decoded = config.update_length
        self._replay: Move | None = None

    @torch.inference_mode()
    def walk(self, x: Tensor, rows: Tensor, first_step: int, n_steps: int) -> Tensor:
        """Points after each of some steps: x (n, d) becomes (n_steps, n, d), in the processor's memory.

        Args:
            x: where the points are.
            rows: their numbers, shape (n,): what is drawn for a point depends on its number.
            first_step: number of the first step, from 1.
            n_steps: steps to make.
        """
        counters = rows.unsqueeze(1) * self._n_decoded + torch.arange(self._n_decoded, device=rows.device)
        number = torch.tensor(first_step, device=rows.device)
        points = torch.empty(n_steps, *x.shape, dtype=x.dtype, device=x.device)
        move: Move = self._moved
        if x.is_cuda:
            move = self._replay = self._replay or _as_graph(self._moved, x, counters, number)
        for index in range(n_steps):
            x = move(x, counters, number)
            points[index] = x
            number += 1
        return points.cpu()

    def _moved(self, x: Tensor, counters: Tensor, number: Tensor) -> Tensor:
        drawn = uniforms(counters, self._seed, number) if self._temperature else None
        update = self._decoder.decode(self._codec.encode_finite(x), self._temperature, drawn)
        return x + self._codec.decode(update)


def _as_graph(move: Move, *first: Tensor) -> Move:
    """The move as a CUDA graph: it is thousands of kernels, and launching each costs more than running it."""
    inputs = tuple(tensor.clone() for tensor in first)
    beside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    beside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(beside):
        move(*inputs)  # the first call sets up what a capture may not
    torch.cuda.current_stream().wait_stream(beside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        moved = move(*inputs)

    def replay(*new: Tensor) -> Tensor:
        for kept, tensor in zip(inputs, new, strict=True):
            kept.copy_(tensor)
        graph.replay()
        return moved  # good until the next replay

    return replay


def roll_out(
    model: Transformer,
    starts: Tensor,
    config: ExperimentConfig,
    temperature: float,
    *,
    done: int = 0,
    span: int | None = None,
    numbers: Tensor | None = None,
) -> Iterator[Tensor]:
    """Points of every rollout in spans of steps, so that only two spans need to be held.

    While the caller has one span, the next is made.

    Args:
        model: the transformer, on the starts' device.
        starts: float64 points after `done` steps, shape (n, d).
        config: number of steps, tokens and seed.
        temperature: see `StartsConfig`.
        done: steps made already.
        span: steps at a time; all if None.
        numbers: of each point, shape (n,), for points of several distributions that move together: what is drawn for a
            point depends on its number. From 0 on if None.

    Yields:
        Points after each step of a span, shape (steps, n, d), float64, in the processor's memory.
    """
    groups = _groups(starts, model)
    numbers = torch.arange(len(starts)) if numbers is None else numbers
    numbers = numbers.to(starts.device)
    n_threads = min(torch.get_num_threads(), len(groups))
    idle: SimpleQueue[Roller] = SimpleQueue()
    for _ in range(n_threads):
        idle.put(Roller(model, config, temperature, len(groups[0])))

    def walk(x: Tensor, rows: Tensor, done: int, n_steps: int) -> Tensor:
        roller = idle.get()
        try:
            # A new thread starts out on the first GPU, whichever the points are on.
            with torch.cuda.device(x.device) if x.is_cuda else nullcontext():
                return roller.walk(x, rows, done + 1, n_steps)
        finally:
            idle.put(roller)

    def begin(x: Tensor, done: int) -> list[Future[Tensor]]:
        n_steps = min(span or config.rollout.n_steps, config.rollout.n_steps - done)
        return [pool.submit(walk, x[rows], numbers[rows], done, n_steps) for rows in groups] if n_steps else []

    # Groups are too small to share among threads: each thread moves groups of its own.
    pool = ThreadPoolExecutor(n_threads, initializer=torch.set_num_threads, initargs=(1,))
    try:
        walks = begin(starts, done)
        while walks:
            points = torch.cat([walk.result() for walk in walks], dim=1)[:, : len(starts)]
            done += len(points)
            walks = begin(points[-1].to(starts.device), done)
            yield points
    finally:
        pool.shutdown(cancel_futures=True)


def _groups(starts: Tensor, model: Transformer) -> Tensor:
    """Numbers of the points that move together, one row per group: all on a GPU; on a CPU equal groups.

    To fill the last group, points are moved twice; what is drawn for a point depends on its number alone.
    """
    most = len(starts)
    if starts.device.type == "cpu":
        most = min(GROUP_ROWS, GROUP_BYTES // kept_bytes(model) + 1)
    n_groups = -(-len(starts) // most)
    n_rows = -(-len(starts) // n_groups)
    return (torch.arange(n_groups * n_rows, device=starts.device) % len(starts)).view(n_groups, n_rows)
