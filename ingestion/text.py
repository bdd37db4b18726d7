"""Text as it is stored: bounded, and writable as UTF-8."""

from __future__ import annotations


def clip(text: str, length: int) -> str:
    """At most `length` characters of `text`, with a mark where it was cut, and writable as UTF-8."""
    text = text if len(text) <= length else text[: length - 1] + "…"
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
