"""Options that a prompt listed in another order than the item: which option a letter of that prompt was.

Inspect maps the first completion of a call back itself, and its `choice` scorer keeps the order that was sent. The
other completions of the call (`num_choices`) still say the letters of the prompt, and are mapped back here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ingestion.answers import option_letter
from ingestion.logs.inspect.types import Score

_SHUFFLED = "Choices were shuffled"


def is_shuffled(scores: Mapping[str, Score]) -> bool:
    """Whether the options of this sample's prompt were in another order than the item's."""
    return any((score.explanation or "").startswith(_SHUFFLED) for score in scores.values())


def shuffled_order(scores: Mapping[str, Score], choices: Sequence[str]) -> list[int] | None:
    """By position in the prompt, the option's index in the item; None if it cannot be told (two options are equal)."""
    told = next((text for score in scores.values() if (text := score.explanation or "").startswith(_SHUFFLED)), "")
    listed = told.partition("\n\n")[2]
    order: list[int] = []
    for position in range(len(choices)):
        listed = listed.removeprefix("\n")
        label = f"{option_letter(position)}) "
        fitting = [i for i, choice in enumerate(choices) if listed.startswith(f"{label}{choice}\n") and i not in order]
        if len(fitting) != 1:
            return None
        order += fitting
        listed = listed[len(label) + len(choices[fitting[0]]) :]
    return order
