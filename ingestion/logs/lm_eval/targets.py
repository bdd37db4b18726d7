"""Which options of a multiple-choice document are right: by its target, its labels, or by the harness's own verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ingestion import answers
from ingestion.logs.json_text import BAD_JSON, decode


@dataclass(frozen=True)
class Right:
    """The right options.

    Attributes:
        index: the right one, 0-based, where exactly one is known to be right.
        several: the right ones, where there are more.
    """

    index: int | None = None
    several: tuple[int, ...] = ()


def right_options(doc: Mapping[str, Any], target: Any, choices: Sequence[str]) -> Right:
    """What the document says itself.

    Args:
        doc: the document as its dataset has it.
        target: the harness's target: an index, a letter, an option's text, or several of them.
        choices: the options.
    """
    labelled = next(_labels(doc, choices), None)
    if labelled is not None:
        return Right(labelled[0]) if len(labelled) == 1 else Right(several=labelled)
    targets = target if isinstance(target, list) else _listed(target)
    if targets is not None:
        found = sorted({index for one in targets if (index := _index(one, choices)) is not None})
        return Right(found[0]) if len(found) == 1 else Right(several=tuple(found))
    return Right(_index(target, choices))


def by_verdict(best: int, is_right: bool, n_choices: int) -> int | None:
    """The right option by the harness's verdict on the option that the model finds most likely; None if it is open."""
    if is_right:
        return best
    return 1 - best if n_choices == 2 else None


def differing_parts(contexts: Sequence[str]) -> list[str] | None:
    """What tells contexts apart that share one continuation, as options (winogrande); None if nothing does."""
    if len(set(contexts)) != len(contexts):
        return None
    words = [context.split(" ") for context in contexts]
    n_shared = 0
    while all(len(line) > n_shared + 1 for line in words) and len({line[n_shared] for line in words}) == 1:
        n_shared += 1
    return [" ".join(line[n_shared:]) for line in words]


def _labels(doc: Mapping[str, Any], choices: Sequence[str]) -> Iterator[tuple[int, ...]]:
    """Right options of every list of 0 and 1 that belongs to these options (`mc2_targets` of TruthfulQA)."""
    wanted = [choice.strip() for choice in choices]
    for group in (doc, *(value for value in doc.values() if isinstance(value, Mapping))):
        labels, texts = group.get("labels"), group.get("choices")
        if not (isinstance(labels, list) and len(labels) == len(choices) and set(map(repr, labels)) <= {"0", "1"}):
            continue
        if isinstance(texts, list) and [str(text).strip() for text in texts] == wanted and any(labels):
            yield tuple(place for place, label in enumerate(labels) if label)


def _listed(target: Any) -> list[Any] | None:
    """The list that a text is the JSON of."""
    if not (isinstance(target, str) and target[:1] == "[" and target[-1:] == "]"):
        return None
    try:
        return decode(target.encode(), list[Any])
    except BAD_JSON:
        return None


def _index(target: Any, choices: Sequence[str]) -> int | None:
    text = str(target).strip() if target is not None else ""
    if text.isascii() and text.isdigit() and len(text) < 9 and int(text) < len(choices):
        return int(text)
    return answers.target_index([text], choices)
