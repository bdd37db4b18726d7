"""Prompts: an item, its format and its few-shot examples as turns of a conversation. Pure functions.

The wording is part of a condition: `PROMPT_VERSION` is a hash of every template, so that changed words never mix with
samples that were drawn with the old ones.
"""

from __future__ import annotations

from collections.abc import Sequence

from ingestion.answers import option_letter
from ingestion.sampling.questions.items import Item
from ingestion.sampling.questions.turns import Turn
from warehouse.keys import digest

_INSTRUCTIONS = {
    "choice": (
        "Below is a multiple-choice question with one right answer. Reason as long as you need to. "
        "Then finish with a line that holds your choice and nothing else, in this form:\n"
        "ANSWER: X\n"
        "where X is one of the letters {letters}."
    ),
    "tagged_choice": (
        "Below is a question with answer options. Reason as long as you need to, and then choose. "
        "Finish with the letter of your choice in a tag, in this form:\n"
        "<answer>X</answer>\n"
        "where X is one of the letters {letters}."
    ),
    "probability": (
        "Below is a multiple-choice question with one right answer. Reason as long as you need to. "
        "Then say how probable it is that each option is the right one: one plain decimal number between 0 and 1 for "
        "each of {letters}, in this order, separated by commas, with a sum of 1. No percent signs, no letters. "
        "Finish with the numbers in a tag, in this form:\n"
        "<PROB>{slots}</PROB>"
    ),
    "open_ended": (
        "Below is a question. Reason as long as you need to, and answer it in your own words. "
        "Finish with your answer, complete in itself, in a tag, in this form:\n"
        "<answer>your answer</answer>"
    ),
}
_EXAMPLES = "Before it, {count} for orientation, with the right answer to each."
_EXAMPLE = "Example {number}\n\n{question}\n\nRight answer: {answer}"
_QUESTION = "Question\n\n{question}"

PROMPT_VERSION = digest([_INSTRUCTIONS, _EXAMPLES, _EXAMPLE, _QUESTION], 8)
"""Hash of the templates; part of every condition."""


def render(
    item: Item,
    prompt_format: str,
    *,
    examples: Sequence[Item] = (),
    system: str | None = None,
    tagged: bool = False,
) -> tuple[Turn, ...]:
    """The conversation that asks for one completion.

    Args:
        item: what is asked.
        prompt_format: choice, probability or open_ended.
        examples: solved items that are shown first.
        system: a system prompt.
        tagged: ask for the letter in `<answer>` rather than after `ANSWER:`.

    Raises:
        ValueError: if the format needs options and the item has none.
    """
    letters = [option_letter(index) for index in range(len(item.choices or ()))]
    if prompt_format != "open_ended" and len(letters) < 2:
        raise ValueError(f"item {item.item_id!r} has no options; ask it with prompt_format: open_ended")
    template = _INSTRUCTIONS["tagged_choice" if tagged and prompt_format == "choice" else prompt_format]
    parts = [template.format(letters=", ".join(letters), slots=", ".join(f"p_{letter}" for letter in letters))]
    if examples:
        parts.append(_EXAMPLES.format(count="1 example" if len(examples) == 1 else f"{len(examples)} examples"))
    with_options = prompt_format != "open_ended"
    parts += [
        _EXAMPLE.format(
            number=number, question=_question(example, with_options), answer=_solution(example, with_options)
        )
        for number, example in enumerate(examples, 1)
    ]
    parts.append(_QUESTION.format(question=_question(item, with_options)))
    turns = [Turn("system", system)] if system else []
    return (*turns, Turn("user", "\n\n".join(parts)))


def _question(item: Item, with_options: bool) -> str:
    if not with_options or item.choices is None:
        return item.question
    options = "\n".join(f"{option_letter(index)}) {choice}" for index, choice in enumerate(item.choices))
    return f"{item.question}\n\n{options}"


def _solution(item: Item, with_options: bool) -> str:
    if with_options and item.target_index is not None:
        return option_letter(item.target_index)
    return item.target_text or ""
