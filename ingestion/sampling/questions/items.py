"""Items and tasks, as every loader hands them over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from ingestion.sampling.questions.turns import Turn
from ingestion.sampling.spec.conditions import Condition
from warehouse.keys import answer_key_id, digest


class TaskError(ValueError):
    """Items cannot be loaded; the message names the file, the place and the fix."""


@dataclass(frozen=True)
class Item:
    """One question.

    Attributes:
        item_id: id in its source, unique in its task.
        question: the question as asked, without options.
        choices: answer options in order; None for open-ended items.
        target_index: 0-based right option; None where there is none.
        target_text: the right answer as text.
        subset: split or set of the task.
        subject: subject or category.
        human_difficulty: difficulty label given by people.
        pool: few-shot examples for the item come from this pool of its task.
    """

    item_id: str
    question: str
    choices: tuple[str, ...] | None = None
    target_index: int | None = None
    target_text: str | None = None
    subset: str | None = None
    subject: str | None = None
    human_difficulty: str | None = None
    pool: str = ""

    @cached_property
    def answer_key_id(self) -> str:
        """Which answer key the item has."""
        return answer_key_id(self.choices, self.target_text)

    @cached_property
    def digest(self) -> str:
        """Hash of what is asked: a sample of another question is no sample of this item."""
        return digest([self.question, self.choices, self.target_text], 12)

    @property
    def open_ended(self) -> Item:
        """The item with its options removed: another item, which has no classes to choose among."""
        return replace(self, choices=None, target_index=None)


@dataclass(frozen=True)
class Task:
    """Items with one name.

    Attributes:
        name: the task's name in the warehouse.
        items: what is asked, in order of their ids.
        pools: items that few-shot examples are drawn from, by the name that `Item.pool` refers to.
        is_republishable: False where the terms forbid to republish questions: no text then reaches the raw layer.
        tagged: ask for answers in `<answer>` tags.
        render: writes the prompt where the task has its own form: (item, condition, examples) to turns.
    """

    name: str
    items: Sequence[Item]
    pools: Mapping[str, Sequence[Item]] = field(default_factory=dict)
    is_republishable: bool = True
    tagged: bool = False
    render: Callable[[Item, Condition, Sequence[Item]], tuple[Turn, ...]] | None = None

    def asked_as(self, prompt_format: str) -> Task:
        """The task as a prompt format asks it: `open_ended` leaves the options out."""
        if prompt_format != "open_ended":
            return self
        pools = {name: [item.open_ended for item in pool] for name, pool in self.pools.items()}
        return replace(self, items=[item.open_ended for item in self.items], pools=pools)

    def item_rows(self) -> list[dict[str, Any]]:
        """Rows of `raw.items`, without source and times."""
        return [
            {
                "task": self.name,
                "item_id": item.item_id,
                "answer_key_id": item.answer_key_id,
                "subset": item.subset,
                "subject": item.subject,
                "human_difficulty": item.human_difficulty,
                "question": item.question if self.is_republishable else None,
                "choices": list(item.choices) if item.choices and self.is_republishable else None,
                "target_index": item.target_index,
                "target_text": item.target_text if self.is_republishable else None,
                "n_choices": len(item.choices) if item.choices else None,
            }
            for item in self.items
        ]
