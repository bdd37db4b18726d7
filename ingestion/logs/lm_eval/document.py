"""One document of lm-evaluation-harness: the line of a samples file, and the item that it asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from msgspec import Struct

from ingestion import answers
from ingestion.logs.json_text import BAD_JSON, decode
from ingestion.logs.lm_eval.run import LmEvalRun
from ingestion.logs.lm_eval.targets import differing_parts, right_options
from ingestion.text import clip

_QUESTION = ("question", "query", "problem", "input", "prompt", "goal", "sentence", "text")


class Document(Struct, kw_only=True):
    """One line of a samples file: a document with one filter, unnamed in old versions. Metrics are read by name."""

    doc_id: int | str
    doc: Any = None
    target: Any = None
    arguments: Any = None
    resps: list[Any]
    filtered_resps: Any = None
    filter: str | None = None
    metrics: list[str] = []


@dataclass(frozen=True)
class Item:
    """The question, and what it takes to read an answer to it."""

    question: str
    choices: list[str] | None
    target: str | None
    target_index: int | None
    several_right: tuple[int, ...] = ()


def item_of(document: Document, run: LmEvalRun) -> Item:
    """The document's question with its options and its target.

    Raises:
        ValueError: if options and responses differ in number.
    """
    doc = document.doc if isinstance(document.doc, Mapping) else {}
    requests = _requests(document)
    prompt = _asked(requests[0][0]) if requests else ""
    question = next((doc[name] for name in _QUESTION if isinstance(doc.get(name), str) and doc[name]), prompt)
    choices, labels = _choices(doc)
    target = None if document.target is None else clip(str(document.target), 10_000).strip()
    if run.output_type == "multiple_choice":
        choices = _options(choices, requests, _n_choices(document, run))
        right = right_options(doc, document.target, choices)
        return Item(question, choices, target, right.index, right.several)
    index = None
    if choices is not None and target and run.output_type == "generate_until":
        if labels is not None and labels.count(target) == 1:
            index = labels.index(target)
        else:
            index = answers.target_index([target], choices)
            index = answers.parse_letter(target, len(choices)) if index is None else index
    return Item(question, None if index is None else choices, target, index)


def _options(given: list[str] | None, requests: list[tuple[Any, str]], n_choices: int) -> list[str]:
    """The document's options, or the continuations; where these are equal, what tells their contexts apart."""
    if given is not None and len(given) == n_choices:
        return given
    options = [clip(continuation.strip(), 10_000) for _, continuation in requests[:n_choices]]
    if len(options) != n_choices:
        raise ValueError(f"{n_choices} responses and {len(options)} choices; one response for each is needed")
    if n_choices > 1 and len(set(options)) == 1:
        return differing_parts([_asked(context) for context, _ in requests[:n_choices]]) or options
    return options


def _requests(document: Document) -> list[tuple[Any, str]]:
    """The context and the continuation of each request; old versions list them, newer ones name them."""
    given = document.arguments
    requests = list(given.values()) if isinstance(given, Mapping) else given if isinstance(given, list) else []
    found: list[tuple[Any, str]] = []
    for request in requests:
        if isinstance(request, Mapping):
            found.append((request.get("arg_0"), str(request.get("arg_1", ""))))
        elif isinstance(request, list) and request:
            found.append((request[0], str(request[1]) if len(request) > 1 else ""))
    return found


def _asked(context: Any) -> str:
    """The prompt; of a conversation, the last thing that the user said."""
    prompt = context[0] if isinstance(context, list) and context else context if context is not None else ""
    try:  # chat models: a list of messages as JSON
        said = [m["content"] for m in decode(str(prompt).encode(), list[dict[str, Any]]) if m.get("role") == "user"]
        prompt = said[-1] if said else prompt
    except (KeyError, *BAD_JSON):
        pass
    return str(prompt)


def _choices(doc: Mapping[str, Any]) -> tuple[list[str] | None, list[str] | None]:
    """The document's options, and their labels where it has any (ARC: `{"text": […], "label": […]}`)."""
    for name in ("choices", "options"):
        given = doc.get(name)
        texts = given.get("text") if isinstance(given, Mapping) else given
        labels = given.get("label") if isinstance(given, Mapping) else None
        if is_texts(texts) and len(texts) > 1:
            options = [clip(text, 10_000) for text in texts]
            return options, (labels if is_texts(labels) and len(labels) == len(options) else None)
    return None, None


def is_texts(value: Any) -> TypeGuard[list[str]]:
    """Whether it is a list of texts."""
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _n_choices(document: Document, run: LmEvalRun) -> int:
    metrics = run.config.get("metric_list") or []
    names = [metric.get("metric") for metric in metrics if isinstance(metric, Mapping)]
    # Mutual information asks for every option twice: with the question, then without it.
    return len(document.resps) // 2 if "acc_mutual_info" in names else len(document.resps)
