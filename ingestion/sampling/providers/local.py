"""Models that run in this process: the project's own reasoner, and its task.

The only place here that knows `synthetic`. Imported when used, because torch takes seconds to load.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from ingestion.sampling.providers.base import InProcessProvider, Request
from ingestion.sampling.providers.wire import LocalResponse
from ingestion.sampling.questions.items import Item, Task
from ingestion.sampling.questions.turns import Turn
from ingestion.sampling.spec.conditions import Condition
from ingestion.sampling.spec.experiment import ExperimentSpec
from ingestion.sampling.spec.tasks import ChainArithmeticTask, task_name

if TYPE_CHECKING:
    from synthetic.reasoner import task as chain
    from synthetic.reasoner.generate import LocalReasoner

BATCH_SIZE = 1024
"""Requests that are generated together; the reasoner sorts them by length and spreads them over the cores."""

N_ITEMS = 200
"""Items of the task if the spec does not say."""


class LocalReasonerProvider:
    """One model of the reasoner family.

    Args:
        reasoner: the loaded model.
    """

    takes_seed = True
    batch_size = BATCH_SIZE

    def __init__(self, reasoner: LocalReasoner) -> None:
        self._reasoner = reasoner

    def complete_batch(self, requests: Sequence[Request]) -> list[str]:
        """Generate for requests of one condition; see `InProcessProvider.complete_batch`."""
        from synthetic.reasoner.data import MAX_COMPLETION_TOKENS

        condition = requests[0].condition
        generations = self._reasoner.generate(
            ["\n".join(turn.text for turn in request.turns) for request in requests],
            seeds=[request.seed for request in requests],
            temperature=1.0 if condition.temperature is None else condition.temperature,
            max_new_tokens=condition.max_tokens or MAX_COMPLETION_TOKENS,
        )
        return [
            msgspec.json.encode(
                LocalResponse(
                    text=generation.text,
                    model=self._reasoner.name,
                    reasoning=generation.reasoning,
                    input_tokens=generation.n_prompt_tokens,
                    output_tokens=generation.n_output_tokens,
                    reasoning_tokens=generation.n_reasoning_tokens,
                    finish_reason=generation.finish_reason,
                )
            ).decode()
            for generation in generations
        ]


def load_local(model: str) -> InProcessProvider:
    """The reasoner of that name."""
    from synthetic.reasoner.generate import LocalReasoner

    return LocalReasonerProvider(LocalReasoner.load(model))


def load_chain_arithmetic(task: ChainArithmeticTask, spec: ExperimentSpec) -> Task:
    """The reasoner's items, and their prompts; difficulty is the number of operations."""
    from synthetic.reasoner import task as chain

    items = chain.items(task.n_items or N_ITEMS, spec.seed)
    shots = chain.examples(4 * chain.MAX_SHOTS, spec.seed)
    known = {item.item_id: item for item in [*items, *shots]}

    def render(item: Item, condition: Condition, examples: Sequence[Item]) -> tuple[Turn, ...]:
        budget = None if condition.reasoning is None else str(condition.reasoning)
        shown = [known[example.item_id] for example in examples]
        return (Turn("user", chain.render_prompt(known[item.item_id], shown, budget)),)

    return Task(
        name=task_name(task),
        items=[_item(item) for item in items],
        pools={"": [_item(item) for item in shots]},
        render=render,
    )


def _item(item: chain.Item) -> Item:
    return Item(
        item_id=item.item_id,
        question=item.question,
        choices=item.choices,
        target_index=item.target_index,
        target_text=item.choices[item.target_index],
        subject=f"{item.n_operations} operations",
        human_difficulty=str(item.n_operations),
    )
