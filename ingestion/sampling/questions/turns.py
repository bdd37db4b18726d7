"""Turns of a conversation: what a prompt is made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a conversation.

    Attributes:
        role: system, user or assistant.
        text: what is said.
    """

    role: str
    text: str
