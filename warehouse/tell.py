"""How long work says where it is: it is given a function that takes a line for people."""

from __future__ import annotations

from collections.abc import Callable

Tell = Callable[[str], None]
"""Takes one line for people."""


def silence(line: str) -> None:
    """Tell nobody."""
