"""The experiments of a warehouse: the specs in its `experiments/` folder, and drawing several of their partitions.

A spec that is wrong, or whose items cannot be had, is told with file, field and fix, and stops no other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ingestion.sampling.agents.rounds import rounds
from ingestion.sampling.drawing.run import SamplingError, sample
from ingestion.sampling.drawing.summary import SampleSummary
from ingestion.sampling.embeddings import embed_answers
from ingestion.sampling.journal.records import JournalError
from ingestion.sampling.plans.partitions import PartitionKey, condition_words, partition_keys
from ingestion.sampling.plans.shutdowns import shutdown_notices
from ingestion.sampling.providers.base import MissingKeyError
from ingestion.sampling.questions.items import TaskError
from ingestion.sampling.spec.experiment import ExperimentSpec
from ingestion.sampling.spec.file import SpecError, load_spec
from ingestion.sampling.stopping.decision import written_down
from warehouse.layout import Layout, not_hidden
from warehouse.raw import connect_raw
from warehouse.tell import Tell, silence


@dataclass(frozen=True)
class Experiments:
    """What the specs in the folder say.

    Attributes:
        specs: the good ones, by file, in order of their names.
        problems: what is wrong with the others, with file, line, field, value and fix.
    """

    specs: dict[Path, ExperimentSpec]
    problems: tuple[str, ...]

    def planned(self, kind: str) -> dict[PartitionKey, ExperimentSpec]:
        """Partitions of a kind of provider, with the experiment that plans them; of two, the first by file name."""
        found: dict[PartitionKey, ExperimentSpec] = {}
        for spec in self.specs.values():
            for key, model in partition_keys(spec).items():
                if spec.provider(model.provider).kind == kind:
                    found.setdefault(key, spec)
        return found

    def words(self) -> dict[PartitionKey, str]:
        """The condition of every planned partition in words; of two specs, the first by file name."""
        found: dict[PartitionKey, str] = {}
        for spec in self.specs.values():
            for key, words in condition_words(spec).items():
                found.setdefault(key, words)
        return found


def load_experiments(layout: Layout) -> Experiments:
    """Read every spec in the warehouse's folder."""
    specs: dict[Path, ExperimentSpec] = {}
    problems: list[str] = []
    for path in not_hidden(layout.experiments.glob("*.y*ml")):
        try:
            specs[path] = load_spec(path)
        except SpecError as error:
            problems.append(str(error))
    return Experiments(specs, tuple(problems))


def experiment_notices(layout: Layout) -> list[str]:
    """What to know of the experiments: bad specs, models that are gone or will be, agents that did not end, and how
    many epochs pools got whose epochs follow an interval, and why."""
    experiments = load_experiments(layout)
    notices = [notice for spec in experiments.specs.values() for notice in shutdown_notices(spec, layout)]
    return [*experiments.problems, *dict.fromkeys(notices), *unfinished_rounds(layout), *written_down(layout)]


def unfinished_rounds(layout: Layout) -> Iterator[str]:
    """What to say of rounds of agents that were begun and did not end: what is missing of each."""
    for folder in sorted(layout.inspect_logs.glob("*/*/*")):
        for one in rounds(folder):
            if not one.has_ended:
                yield (
                    f"{one.folder.relative_to(layout.inspect_logs)} did not end, or is still running: "
                    f"{len(one.samples) - len(one.done()):,} of {len(one.samples):,} samples are missing; "
                    "sample its experiment again to go on"
                )


@dataclass
class Drawn:
    """What became of several partitions.

    Attributes:
        n_drawn: samples that were drawn.
        n_errors: samples that ended in an error.
        cost_usd: what they cost, as far as known.
        n_by_status: rows of the partitions by status.
        tokens: those of all samples of the partitions, read and written, as far as reported.
        problems: why something is missing; empty if nothing is.
        needs_person: whether some of it stays missing until a person does something.
    """

    n_drawn: int = 0
    n_errors: int = 0
    cost_usd: float = 0.0
    n_by_status: Counter[str] = field(default_factory=Counter)
    tokens: tuple[int, int] = (0, 0)
    problems: list[str] = field(default_factory=list)
    needs_person: bool = False

    def add(self, summary: SampleSummary) -> None:
        """Count a run in."""
        self.n_drawn += summary.n_drawn
        self.n_errors += summary.n_errors
        self.cost_usd += summary.cost_usd
        self.n_by_status.update(summary.n_by_status())
        for part in summary.partitions:
            self.tokens = (self.tokens[0] + part.tokens[0], self.tokens[1] + part.tokens[1])
            if part.n_missing:
                reason = part.stopped or "errors"
                self.problems.append(f"{'|'.join(part.key)}: {part.n_missing} samples are missing ({reason})")
                self.needs_person |= part.stopped is not None

    def fails(self, problem: str, *, needs_person: bool) -> None:
        """Something could not be done."""
        self.problems.append(problem)
        self.needs_person |= needs_person


def sample_partitions(layout: Layout, kind: str, keys: Sequence[PartitionKey], report: Tell = silence) -> Drawn:
    """Draw what partitions of the warehouse's experiments are missing.

    Args:
        layout: the warehouse.
        kind: kind of their provider.
        keys: the partitions.
        report: takes a line for people now and then.

    Returns:
        What became of them; where one experiment fails, the others have been drawn.
    """
    drawn = Drawn()
    experiments = load_experiments(layout)
    planned = experiments.planned(kind)
    for key in keys:
        if key in planned:
            continue
        if experiments.problems:  # it may be one of theirs
            lines = [f"{'|'.join(key)}: no readable spec plans it", *experiments.problems]
            drawn.fails("\n".join(lines), needs_person=True)
        else:
            report(f"no experiment in {layout.experiments} plans {'|'.join(key)} any more; its samples stay")
    for spec in experiments.specs.values():
        only = [key for key in keys if planned.get(key) is spec]
        if not only:
            continue
        try:
            summary = sample(spec, layout, only=only, report=report)
            drawn.add(summary)
            for warning in summary.warnings():
                report(warning)
        except SamplingError as error:
            if error.summary is not None:
                drawn.add(error.summary)
            drawn.fails(str(error), needs_person=error.needs_person)
        except (TaskError, MissingKeyError) as error:
            drawn.fails(f"experiment {spec.name}: {error}", needs_person=True)
        except JournalError as error:
            drawn.fails(str(error), needs_person=False)
    read, written = _tokens(layout, keys)
    drawn.tokens = (drawn.tokens[0] + read, drawn.tokens[1] + written)
    return drawn


def embed_experiments(layout: Layout, report: Tell = silence) -> tuple[int, list[str]]:
    """Embed the open-ended answers, without a vector yet, of every experiment that has `embeddings`.

    Returns:
        How many were embedded, and what a person has to put right; the others have been embedded.

    Raises:
        EmbeddingError: if vectors cannot be had.
    """
    experiments = load_experiments(layout)
    problems = list(experiments.problems)
    n_embedded = 0
    for spec in experiments.specs.values():
        if spec.embeddings is None:
            continue
        try:
            n_embedded += embed_answers(spec, layout, report=report).n_embedded
        except MissingKeyError as error:
            problems.append(f"experiment {spec.name}: {error}")
    return n_embedded, problems


def _tokens(layout: Layout, keys: Iterable[PartitionKey]) -> tuple[int, int]:
    with connect_raw(layout) as con:
        row = con.execute(
            "select coalesce(sum(input_tokens), 0)::bigint, coalesce(sum(output_tokens), 0)::bigint from raw.samples "
            "where source = 'sampler' and [task, model_id, condition_id] in (select unnest(?::varchar[][]))",
            [[list(key) for key in keys]],
        ).fetchone()
    return row or (0, 0)
