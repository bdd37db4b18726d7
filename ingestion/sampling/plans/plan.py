"""What an experiment still has to draw, and what that will cost: the dry run."""

from __future__ import annotations

from dataclasses import dataclass

from ingestion.sampling.plans.estimate import PartitionPlan, estimate
from ingestion.sampling.plans.partitions import partitions
from ingestion.sampling.plans.shutdowns import basis, shutdown_notices
from ingestion.sampling.spec.experiment import ExperimentSpec
from ingestion.sampling.spec.models import facts
from warehouse.layout import Layout


@dataclass(frozen=True)
class Plan:
    """What an experiment still has to draw.

    Attributes:
        experiment: its name.
        partitions: in the spec's order.
        budget_usd: the spec's budget.
        n_to_embed: open-ended answers that will be embedded, if all are had.
        embedding_model: what they will be embedded with; None if they will not.
        notices: models that are gone, or will be, and what is known of that.
    """

    experiment: str
    partitions: tuple[PartitionPlan, ...]
    budget_usd: float | None
    n_to_embed: int = 0
    embedding_model: str | None = None
    notices: tuple[str, ...] = ()

    @property
    def n_planned(self) -> int:
        """Samples in all."""
        return sum(part.n_planned for part in self.partitions)

    @property
    def n_missing(self) -> int:
        """Requests that a run would send at most, if none fails."""
        return sum(part.n_missing for part in self.partitions)

    @property
    def cost_usd(self) -> float | None:
        """Estimated cost of what is missing; None if some price is unknown."""
        costs = [part.cost_usd for part in self.partitions]
        return None if None in costs else sum(cost for cost in costs if cost is not None)

    @property
    def is_open(self) -> bool:
        """Whether intervals have yet to say how many samples there will be."""
        return any(part.least_share < 1 for part in self.partitions)

    @property
    def least_usd(self) -> float | None:
        """Estimated cost of what is missing at least; None if some price is unknown."""
        costs = [None if part.cost_usd is None else part.cost_usd * part.least_share for part in self.partitions]
        return None if None in costs else sum(cost for cost in costs if cost is not None)

    @property
    def spent_usd(self) -> float:
        """What has been spent, as far as known."""
        return sum(part.spent_usd for part in self.partitions)

    @property
    def uncertain_usd(self) -> float:
        """What may have been spent besides, at most: for answers that broke off, and whose tokens nobody told."""
        return sum(part.uncertain_usd for part in self.partitions)

    def lines(self) -> list[str]:
        """The plan for people: a table of calls, tokens, prices and cost, and what to know about it."""
        at_most = "at most " if self.is_open else ""
        counts = f"{at_most}{self.n_planned:,} samples planned, {at_most}{self.n_missing:,} to draw"
        lines = [f"experiment {self.experiment}: {counts}", ""]
        rows = [_row(part) for part in self.partitions]
        parts = self.partitions
        read, written = sum(part.input_tokens for part in parts), sum(part.output_tokens for part in parts)
        total = ("total", "", "", "", f"{self.n_missing:,}", f"{read:,}", f"{written:,}", "", _dollars(self.cost_usd))
        lines += _aligned([_HEAD, *rows, total])
        notes = [f"Tokens and cost are estimates: prices as of {facts().as_of}, lengths of answers are guesses."]
        if self.is_open:
            least = sum(round(part.least_share * part.n_missing) for part in self.partitions)
            notes.append(
                f"Calls, tokens and cost are the most that it can come to; intervals decide after {least:,} calls "
                f"({_dollars(self.least_usd)})."
            )
        notes += dict.fromkeys(f"{part.key.task}: {part.beforehand}" for part in self.partitions if part.beforehand)
        notes += [
            f"{part.key.task}, {part.key.model_id}, {part.condition_label}: {part.looked_at}"
            for part in self.partitions
            if part.looked_at
        ]
        if self.cost_usd is None:
            notes.append("For a cost that is unknown, give the model a price in the spec.")
        if any(part.is_run_by_inspect and part.n_missing and not part.output_tokens for part in parts):
            notes.append(
                "How long agents work is known after their first samples; a cost_limit says what they may cost."
            )
        if n_errors := sum(part.n_errors for part in parts):
            notes.append(f"{n_errors:,} of the calls failed before.")
        if self.embedding_model:
            notes.append(f"Afterwards up to {self.n_to_embed:,} answers are embedded with {self.embedding_model}.")
        spent = f"${self.spent_usd:.4f} are spent"
        if self.uncertain_usd:
            spent += f", and up to ${self.uncertain_usd:.4f} for answers that broke off or told no tokens"
        if self.budget_usd is not None:
            notes.append(f"Of the budget of ${self.budget_usd:.2f}, {spent}; sampling stops before it is exceeded.")
            left = self.budget_usd - self.spent_usd - self.uncertain_usd
            if self.least_usd is not None and self.least_usd > left:
                notes.append("By the estimate it does not last: raise budget_usd, or lower epochs.")
            elif self.cost_usd is not None and self.cost_usd > left:
                notes.append("By the estimate it does not last for all epochs that intervals may ask for.")
        elif self.spent_usd or self.uncertain_usd:
            notes.append(f"So far {spent}.")
        return [*lines, "", *notes, *self.notices]


def plan(spec: ExperimentSpec, layout: Layout) -> Plan:
    """What is planned, what is there and what the rest will cost. Asks nobody and writes nothing.

    Raises:
        TaskError: if items cannot be loaded.
    """
    parts = partitions(spec, layout)
    return Plan(
        experiment=spec.name,
        partitions=tuple(estimate(spec, layout, partition) for partition in parts),
        budget_usd=spec.budget_usd,
        n_to_embed=sum(part.n_planned for part in parts if part.condition.prompt_format == "open_ended"),
        embedding_model=spec.embeddings.model if spec.embeddings else None,
        notices=tuple(filter(None, [basis(spec, layout), *shutdown_notices(spec, layout)])),
    )


_HEAD = (
    *("task", "model", "condition", "items × contexts × epochs"),
    *("calls", "tokens in", "tokens out", "$ per M in, out", "cost"),
)
_N_WORDS = 3  # columns of words, to the left; numbers stand to the right


def _row(part: PartitionPlan) -> tuple[str, ...]:
    price = "unknown" if part.price is None else f"{part.price.input:g}, {part.price.output:g}"
    return (
        *(part.key.task, part.key.model_id, part.condition_label),
        f"{part.n_items:,} × {part.n_contexts} × {part.n_epochs}",
        *(f"{part.n_missing:,}", f"{part.input_tokens:,}", f"{part.output_tokens:,}"),
        *(price, _dollars(part.cost_usd)),
    )


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if place < _N_WORDS else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  " + "  ".join(cells).rstrip())
    return lines


def _dollars(cost: float | None) -> str:
    return "unknown" if cost is None else f"${cost:,.2f}"
