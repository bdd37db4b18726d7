"""Text as it is stored: bounded, and writable as UTF-8."""

from __future__ import annotations

from warehouse.keys import digest


def clip(text: str, length: int) -> str:
    """At most `length` characters of `text`, with a mark where it was cut, and writable as UTF-8."""
    text = text if len(text) <= length else text[: length - 1] + "…"
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def clip_key(text: str, length: int) -> str:
    """At most `length` characters of what is told apart by its text: a longer one ends in a hash of the whole."""
    if len(text) > length:
        text = f"{text[: length - 20]}#{digest(text, 16)}"
    return clip(text, length)
