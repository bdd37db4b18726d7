"""Few-shot contexts: which solved examples are shown, chosen by seed, and the seeds of requests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from ingestion.sampling.questions.items import Item, Task, TaskError
from warehouse.keys import digest

NO_CONTEXT = "none"


@dataclass(frozen=True)
class Context:
    """One choice of examples for every item of a task.

    Attributes:
        context_id: 'none', or a number and a hash of everything that decides which examples are shown.
        n_shots: examples that are shown.
        ranked: by pool, one example more than are shown, so that an item which is itself among them can be left out.
    """

    context_id: str
    n_shots: int
    ranked: Mapping[str, Sequence[Item]]

    def examples(self, item: Item) -> tuple[Item, ...]:
        """The examples for an item, in the order in which they are shown; never the item itself."""
        if self.n_shots == 0:
            return ()
        others = [example for example in self.ranked[item.pool] if example.digest != item.digest]
        return tuple(others[: self.n_shots])


def make_contexts(task: Task, n_shots: int, n_contexts: int, seed: int) -> list[Context]:
    """The contexts of a task under a condition; more contexts later leave the first ones as they are.

    Raises:
        TaskError: if there are too few examples to choose from.
    """
    if n_shots == 0:
        return [Context(NO_CONTEXT, 0, {})]
    pools = {item.pool: task.pools.get(item.pool, ()) for item in task.items}
    asked = {item.digest for item in task.items}
    for name, pool in pools.items():
        needed = n_shots + any(example.digest in asked for example in pool)  # an item is no example for itself
        if len(pool) < needed:
            raise TaskError(
                f"task {task.name}: {n_shots} few-shot examples need at least {needed} items to choose from, and "
                f"{name or 'the task'} has {len(pool)}; lower shots, or add examples"
            )
    everything = digest(sorted([name, [example.digest for example in pool]] for name, pool in pools.items()))
    return [
        Context(
            context_id=f"{index:02d}-{digest([seed, n_shots, index, everything], 8)}",
            n_shots=n_shots,
            ranked={
                name: sorted(pool, key=lambda item: _rank(f"context:{seed}:{index}:{item.pool}", item.item_id))[
                    : n_shots + 1
                ]
                for name, pool in pools.items()
            },
        )
        for index in range(n_contexts)
    ]


def sample_seed(seed: int, item_id: str, context_id: str, epoch: int) -> int:
    """Seed of one request, in [0, 2³¹): the same again on a re-run, another for every item, context and epoch."""
    return int(digest([seed, item_id, context_id, epoch], 8), 16) >> 1


def choose(items: Sequence[Item], n: int | None, seed: int) -> list[Item]:
    """`n` items by seed, in the order of the source; a larger `n` contains a smaller one's choice."""
    if n is None or n >= len(items):
        return list(items)
    ranked = sorted(items, key=lambda item: _rank(f"items:{seed}", item.item_id))
    chosen = {item.item_id for item in ranked[:n]}
    return [item for item in items if item.item_id in chosen]


def _rank(salt: str, item_id: str) -> bytes:
    return sha256(f"{salt}:{item_id}".encode("utf-8", "surrogatepass")).digest()
