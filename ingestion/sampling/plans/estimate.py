"""What one partition still has to draw, and what that will cost."""

from __future__ import annotations

from dataclasses import dataclass

from ingestion.sampling.plans.partitions import Holdings, Partition, PartitionKey, folder_of, holdings
from ingestion.sampling.plans.prices import (
    expected_input_tokens,
    expected_output_tokens,
    price_of,
    tokens_cost,
)
from ingestion.sampling.spec.experiment import ExperimentSpec
from ingestion.sampling.spec.models import Price
from ingestion.sampling.stopping.decision import Decision, decide
from ingestion.sampling.stopping.rule import known_beforehand
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
        n_epochs: samples per item and context, in words where they follow an interval.
        n_planned: samples in all, at most.
        n_done: samples that are there.
        n_errors: samples whose last request failed; they are among the missing.
        input_tokens: estimate for the missing ones.
        output_tokens: estimate for the missing ones.
        price: what the model's tokens cost; None if unknown.
        cost_usd: estimate for the missing ones; None if the price is unknown.
        spent_usd: what the samples in the journal cost, as far as known.
        uncertain_usd: what may have been paid besides, at most.
        most_usd: what the missing ones may cost at most, where there is a limit for each.
        n_missing_least: samples that are missing until the next look, where epochs follow an interval.
        looked_at: where epochs follow an interval: the last look at it; None before the first.
        beforehand: what items alone make unlikely, where there was no look yet.
        is_run_by_inspect: whether a call is a whole run of an agent; of its tokens nothing is known before the first.
    """

    key: PartitionKey
    condition_label: str
    n_items: int
    n_contexts: int
    n_epochs: str
    n_planned: int
    n_done: int
    n_errors: int
    input_tokens: int
    output_tokens: int
    price: Price | None
    cost_usd: float | None
    spent_usd: float
    uncertain_usd: float = 0.0
    most_usd: float | None = None
    n_missing_least: int | None = None
    looked_at: str | None = None
    beforehand: str | None = None
    is_run_by_inspect: bool = False

    @property
    def n_missing(self) -> int:
        """Samples that a run would ask for, at most."""
        return self.n_planned - self.n_done

    @property
    def least_share(self) -> float:
        """The share of them that a run would ask for at least."""
        return 1.0 if self.n_missing_least is None or not self.n_missing else self.n_missing_least / self.n_missing


def estimate(spec: ExperimentSpec, layout: Layout, partition: Partition) -> PartitionPlan:
    """What a partition has, still lacks, and what the rest will cost. Asks nobody and writes nothing."""
    have = holdings(partition, folder_of(partition, layout))
    decision = decide(partition, have, layout)
    n_planned = max(decision.most * partition.n_per_epoch, have.n_done)
    n_missing = n_planned - have.n_done
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
        n_epochs=_epochs(partition, decision),
        n_planned=n_planned,
        n_done=have.n_done,
        n_errors=have.n_errors,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        price=price,
        cost_usd=cost,
        spent_usd=have.cost_usd,
        uncertain_usd=have.uncertain_usd,
        n_missing_least=_missing(partition, have, decision.n_epochs),
        looked_at=decision.in_words,
        beforehand=_beforehand(partition) if decision.last is None else None,
    )


def _missing(partition: Partition, have: Holdings, n_epochs: int) -> int:
    n = n_epochs * partition.n_per_epoch
    return n - sum(have.done[:n])


def _epochs(partition: Partition, decision: Decision) -> str:
    if partition.until is None or decision.is_final:
        return str(decision.n_epochs)
    return f"{decision.n_epochs} to {decision.most}"


def _beforehand(partition: Partition) -> str | None:
    return None if partition.until is None else known_beforehand(len(partition.task.items), partition.until)


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
        n_epochs=str(partition.n_epochs),
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
