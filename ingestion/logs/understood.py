"""How a file was understood, in a few lines for the person who imports it: items, repeats, answers, scores, lengths."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ingestion.text import clip

_SHOWN_ROWS = 2
_LONGEST = 60
_MOST_NAMES = 3
_LENGTHS = {"output_tokens": "output tokens", "reasoning_tokens": "reasoning tokens", "n_actions": "actions"}


def understood(
    samples: Iterable[pa.Table], conditions: Iterable[pa.Table], scored_by: str | None
) -> tuple[tuple[str, str], ...]:
    """Pairs of a word and what it is in this file; empty for a file without samples.

    Args:
        samples: rows of `raw.samples`.
        conditions: rows of `raw.conditions`.
        scored_by: the scorer, metric or column that scores come from, as its reader calls it.
    """
    parts = list(samples)
    if not parts:
        return ()
    rows = pa.concat_tables(parts)
    labels = [label for part in conditions for label in part["condition_label"].to_pylist()]
    return (
        ("task", _names(rows["task"])),
        ("model", _names(rows["model_id"])),
        ("condition", _listed(sorted(set(labels)))),
        ("items", _items(rows)),
        ("answer", _answers(rows)),
        ("score", _scores(rows, scored_by)),
        ("length", _lengths(rows)),
        *(("sample", _sample(row)) for row in rows.slice(0, _SHOWN_ROWS).to_pylist()),
    )


def _names(column: pa.ChunkedArray) -> str:
    return _listed(sorted(pc.unique(column).to_pylist()))


def _listed(names: list[str]) -> str:
    more = f" … and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more


def _items(rows: pa.Table) -> str:
    keys = ["task", "model_id", "condition_id", "item_id", "answer_key_id"]
    counts = rows.group_by(keys).aggregate([([], "count_all")])["count_all"].to_pylist()
    repeats = Counter(counts)
    several = _range(min(repeats), max(repeats))
    n_items = len(pc.unique(rows["item_id"]))
    return f"{n_items:,}, repeats {several} ({len(rows):,} samples)"


def _range(least: int, most: int) -> str:
    return f"{most:,}" if least == most else f"{least:,} to {most:,}"


def _answers(rows: pa.Table) -> str:
    n_chosen, n_stated = (len(rows) - rows[name].null_count for name in ("choice_index", "class_probs"))
    kinds = [f"{n:,} {words}" for n, words in ((n_chosen, "options"), (n_stated, "probabilities")) if n]
    n_open = pc.sum(pc.equal(rows["status"], "ok")).as_py() or 0
    n_open -= n_chosen + n_stated
    if n_open > 0:
        kinds.append(f"{n_open:,} open")
    n_failed = pc.sum(pc.equal(rows["status"], "format_failure")).as_py()
    return ", ".join([*kinds, *([f"{n_failed:,} not readable"] if n_failed else [])]) or "none"


def _scores(rows: pa.Table, scored_by: str | None) -> str:
    scores = rows["score"]
    by = f" by {scored_by}" if scored_by else ""
    if scores.null_count == len(scores):
        return f"none{by}"
    n_graded = pc.sum(pc.and_(pc.greater(scores, 0), pc.less(scores, 1))).as_py()
    what = "mean of graded outcomes" if n_graded else "share that is right"
    return f"{pc.mean(scores).as_py():.3f}{by}, {what} ({len(scores) - scores.null_count:,} scored)"


def _lengths(rows: pa.Table) -> str:
    told = [
        f"{words} {_range(pc.min(rows[name]).as_py(), pc.max(rows[name]).as_py())}"
        for name, words in _LENGTHS.items()
        if rows[name].null_count < len(rows)
    ]
    return ", ".join(told) or "not in the file"


def _sample(row: Mapping[str, Any]) -> str:
    said = _short(row["completion"]) if row["completion"] else "(no text)"
    answer = row["answer"] if row["choice_index"] is not None or row["class_probs"] is not None else None
    parts = [f"item {_short(row['item_id'])}, epoch {row['epoch']}: {said}", f"status {row['status']}"]
    parts += [f"answer {_short(answer)}"] if answer else []
    parts += [f"score {row['score']:g}"] if row["score"] is not None else ["no score"]
    return " → ".join([parts[0], ", ".join(parts[1:])])


def _short(text: str) -> str:
    return clip(" ".join(text.split()), _LONGEST)
