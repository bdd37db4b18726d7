"""What a partition is to have: derived from its raw samples every time, and hidden nowhere.

A look needs every sample up to its epoch to be there, or to have failed, and takes no later ones into account. So a run
that was killed comes to the same decisions when it goes on. What was decided is also written down beside the samples,
for `incoherence status`; nobody decides by that file.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

from ingestion.sampling.plans.partitions import Holdings, Partition
from ingestion.sampling.stopping.answers import read_answers
from ingestion.sampling.stopping.rule import Look, State, judge, schedule, told
from warehouse.layout import Layout
from warehouse.parquet import atomic_path

RECORD = "epochs.json"


@dataclass(frozen=True)
class Decision:
    """How many epochs a partition is to have, as things stand.

    Attributes:
        n_epochs: these are asked for now.
        most: the most that it may come to from here.
        last: the last look; None before the first, and where epochs are a fixed number.
        because: what followed from the last look, and why.
    """

    n_epochs: int
    most: int
    last: Look | None = None
    because: str = ""

    @property
    def is_final(self) -> bool:
        """Whether nothing beyond these epochs will be asked for."""
        return self.n_epochs == self.most

    @property
    def in_words(self) -> str | None:
        """The last look, for people; None before the first."""
        if self.last is None:
            return None
        return f"{self.last.n_epochs} {'epoch' if self.last.n_epochs == 1 else 'epochs'}, {self.because}"

    @property
    def promise(self) -> float:
        """By how much the interval is expected to shrink per epoch that is asked for now; inf before the first look."""
        if self.last is None or self.last.n_epochs == self.n_epochs:
            return inf
        now, then = self.last.interval.width, self.last.interval.width_at(self.n_epochs / self.last.n_epochs)
        return 0.0 if now is None or then is None else (now - then) / (self.n_epochs - self.last.n_epochs)


def decide(partition: Partition, held: Holdings, layout: Layout) -> Decision:
    """Look at what there is. Reads the partition's Parquet, which has to be derived from all that its journal holds.

    Args:
        partition: the partition.
        held: what its journal holds.
        layout: the warehouse.
    """
    rule = partition.until
    if rule is None:
        return Decision(partition.n_epochs, partition.n_epochs)
    answers = None
    last: Look | None = None
    because = ""
    for n_epochs in schedule(rule.least, rule.to):
        if not _is_complete(partition, held, n_epochs):
            return Decision(n_epochs, rule.to, last, because)
        answers = answers or read_answers(partition, layout)
        last = judge(answers.interval(n_epochs), n_epochs, rule)
        because = told(last, rule)
        if last.state is not State.GO_ON:
            return Decision(n_epochs, n_epochs, last, because)
    raise AssertionError("the last look goes nowhere")


def _is_complete(partition: Partition, held: Holdings, n_epochs: int) -> bool:
    n = partition.n_per_epoch * n_epochs
    return sum(held.done[:n]) + sum(number < n for number in held.failed) == n


def write_down(partition: Partition, decision: Decision, layout: Layout) -> None:
    """Leave a record for people. The caller holds the partition's lock."""
    if partition.until is None or decision.last is None:
        return
    interval = decision.last.interval
    record = partition.key.columns | {
        "condition": partition.condition.label,
        "n_epochs": decision.last.n_epochs,
        "is_final": decision.is_final,
        "state": decision.last.state.value,
        "told": decision.in_words,
        "low": interval.low,
        "high": interval.high,
        "until": partition.until.model_dump(mode="json")["until"],
    }
    with atomic_path(layout.response_partition(partition.key.columns) / RECORD) as temporary:
        temporary.write_text(json.dumps(record), encoding="utf-8")


def written_down(layout: Layout) -> Iterator[str]:
    """What was decided of the warehouse's partitions, in words."""
    for path in sorted(layout.responses.glob(f"*/*/*/{RECORD}")):
        try:
            told_of = json.loads(path.read_text(encoding="utf-8"))
            pool = f"{told_of['task']}, {told_of['model_id']}, {told_of['condition']}"
            line = f"{pool}: {told_of['told']}"
        except (OSError, ValueError, KeyError):
            continue
        yield line
