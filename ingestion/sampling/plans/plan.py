"""What an experiment still has to draw, and what that will cost: the dry run."""

from __future__ import annotations

from dataclasses import dataclass

from ingestion.sampling.plans.partitions import Holdings, Partition, PartitionKey, folder_of, holdings, partitions
from ingestion.sampling.plans.prices import (
    expected_input_tokens,
    expected_output_tokens,
    price_of,
    tokens_cost,
)
from ingestion.sampling.plans.shutdowns import basis, shutdown_notices
from ingestion.sampling.spec.experiment import ExperimentSpec
from ingestion.sampling.spec.models import Price, facts
from warehouse.layout import Layout

_PROMPTS_LOOKED_AT = 25


@dataclass(frozen=True)
class PartitionPlan:
    """What one partition still has to draw.

    Attributes:
        key: its name.
        condition_label: its condition in words.
        n_items: items.
        n_contexts: few-shot contexts per item.
        n_epochs: samples per item and context.
        n_planned: samples in all.
        n_done: samples that are there.
        n_errors: samples whose last request failed; they are among the missing.
        input_tokens: estimate for the missing ones.
        output_tokens: estimate for the missing ones.
        price: what the model's tokens cost; None if unknown.
        cost_usd: estimate for the missing ones; None if the price is unknown.
        spent_usd: what the samples in the journal cost, as far as known.
        most_usd: what the missing ones may cost at most, where there is a limit for each.
        is_run_by_inspect: whether a call is a whole run of an agent; of its tokens nothing is known before the first.
    """

    key: PartitionKey
    condition_label: str
    n_items: int
    n_contexts: int
    n_epochs: int
    n_planned: int
    n_done: int
    n_errors: int
    input_tokens: int
    output_tokens: int
    price: Price | None
    cost_usd: float | None
    spent_usd: float
    most_usd: float | None = None
    is_run_by_inspect: bool = False

    @property
    def n_missing(self) -> int:
        """Samples that a run would ask for."""
        return self.n_planned - self.n_done


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
        """Requests that a run would send, if none fails."""
        return sum(part.n_missing for part in self.partitions)

    @property
    def cost_usd(self) -> float | None:
        """Estimated cost of what is missing; None if some price is unknown."""
        costs = [part.cost_usd for part in self.partitions]
        return None if None in costs else sum(cost for cost in costs if cost is not None)

    @property
    def spent_usd(self) -> float:
        """What has been spent, as far as known."""
        return sum(part.spent_usd for part in self.partitions)

    def lines(self) -> list[str]:
        """The plan for people: a table of calls, tokens, prices and cost, and what to know about it."""
        lines = [f"experiment {self.experiment}: {self.n_planned:,} samples planned, {self.n_missing:,} to draw", ""]
        rows = [_row(part) for part in self.partitions]
        parts = self.partitions
        read, written = sum(part.input_tokens for part in parts), sum(part.output_tokens for part in parts)
        total = ("total", "", "", "", f"{self.n_missing:,}", f"{read:,}", f"{written:,}", "", _dollars(self.cost_usd))
        lines += _aligned([_HEAD, *rows, total])
        notes = [f"Tokens and cost are estimates: prices as of {facts().as_of}, lengths of answers are guesses."]
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
        if self.budget_usd is not None:
            notes.append(
                f"Of the budget of ${self.budget_usd:.2f}, ${self.spent_usd:.4f} are spent; "
                "sampling stops before it is exceeded."
            )
            if self.cost_usd is not None and self.cost_usd > self.budget_usd - self.spent_usd:
                notes.append("By the estimate it does not last: raise budget_usd, or lower epochs.")
        elif self.spent_usd:
            notes.append(f"${self.spent_usd:.4f} are spent so far.")
        return [*lines, "", *notes, *self.notices]


def plan(spec: ExperimentSpec, layout: Layout) -> Plan:
    """What is planned, what is there and what the rest will cost. Asks nobody and writes nothing.

    Raises:
        TaskError: if items cannot be loaded.
    """
    parts = partitions(spec, layout)
    return Plan(
        experiment=spec.name,
        partitions=tuple(_plan(spec, layout, partition) for partition in parts),
        budget_usd=spec.budget_usd,
        n_to_embed=sum(part.n_planned for part in parts if part.condition.prompt_format == "open_ended"),
        embedding_model=spec.embeddings.model if spec.embeddings else None,
        notices=tuple(filter(None, [basis(spec, layout), *shutdown_notices(spec, layout)])),
    )


def _plan(spec: ExperimentSpec, layout: Layout, partition: Partition) -> PartitionPlan:
    have = holdings(partition, folder_of(partition, layout))
    n_missing = partition.n_planned - have.n_done
    provider = spec.provider(partition.model.provider)
    price = price_of(partition.model, provider)
    if partition.inspect_task is not None:
        return _of_inspect(partition, have, price)
    input_tokens = round(n_missing * _mean_prompt(partition))
    output_tokens = n_missing * expected_output_tokens(partition.condition, partition.model)
    cost = None if price is None else tokens_cost(input_tokens, output_tokens, price, is_batch=provider.batch)
    if have.n_costed >= 20 and price is not None:  # what samples did cost tells more than a guess
        cost = n_missing * have.cost_usd / have.n_costed
    return PartitionPlan(
        key=partition.key,
        condition_label=partition.condition.label,
        n_items=len(partition.task.items),
        n_contexts=len(partition.contexts),
        n_epochs=partition.n_epochs,
        n_planned=partition.n_planned,
        n_done=have.n_done,
        n_errors=have.n_errors,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        price=price,
        cost_usd=cost,
        spent_usd=have.cost_usd,
    )


def _of_inspect(partition: Partition, have: Holdings, price: Price | None) -> PartitionPlan:
    """How long an agent works nobody can tell beforehand: samples that are there tell, or the limit on their cost."""
    n_missing = partition.n_planned - have.n_done
    limit = partition.inspect_task.cost_limit if partition.inspect_task else None
    if not n_missing or (price is not None and price.input == price.output == 0):
        cost: float | None = 0.0
    elif have.n_costed:
        cost = n_missing * have.cost_usd / have.n_costed
    else:
        cost = None if limit is None else n_missing * limit
    read, written = (round(n_missing * tokens / have.n_ran) if have.n_ran else 0 for tokens in have.tokens)
    return PartitionPlan(
        key=partition.key,
        condition_label=partition.condition.label,
        n_items=len(partition.task.items),
        n_contexts=1,
        n_epochs=partition.n_epochs,
        n_planned=partition.n_planned,
        n_done=have.n_done,
        n_errors=have.n_errors,
        input_tokens=read,
        output_tokens=written,
        price=price,
        cost_usd=cost,
        spent_usd=have.cost_usd,
        most_usd=None if limit is None else n_missing * limit,
        is_run_by_inspect=True,
    )


def _mean_prompt(partition: Partition) -> float:
    step = max(1, partition.n_planned // partition.n_epochs // _PROMPTS_LOOKED_AT)
    lengths = []
    for number, planned in enumerate(partition.planned()):
        if planned.epoch > 1:
            break
        if number % step == 0:
            lengths.append(expected_input_tokens(partition.request(planned).turns))
    return sum(lengths) / len(lengths)


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
