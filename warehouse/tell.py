"""How long work says where it is: it is given a function that takes a line for people, or a step."""

from __future__ import annotations

from collections.abc import Callable

Tell = Callable[[str], None]
"""Takes one line for people."""


TellStep = Callable[[str, int, int], None]
"""Takes the name of a step, how many are done, and how many there are."""


def silence(line: str) -> None:
    """Tell nobody."""
