"""Damaged copies of logs, and what may still be read from them. Everything follows from a random generator.

Two kinds of damage. *Bytes*: flipped bits, cuts, noise, parts left out or doubled; a checksum guards every member of an
archive, so no value may change. *Values*: one value somewhere in the JSON becomes one of another type, and the file is
written anew; then only rows of that part of the log may change, and in it only what is read from that value.
"""

from __future__ import annotations

import copy
import json
import random
import shutil
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.damage import Damage, Key, Original
from benchmarks.fuzzed_tables import keys_at, keys_of_row, touched_rows
from ingestion.logs.inspect.zip import Archive

READ_FROM: dict[str, frozenset[str]] = {
    "choices": frozenset({"answer_key_id", "choice_index", "class_probs", "answer", "status", "error", "score"}),
    "target": frozenset({"answer_key_id", "choice_index", "answer", "status", "error", "score"}),
    "input": frozenset(),
    "output": frozenset(
        {
            "completion",
            "reasoning",
            "choice_index",
            "class_probs",
            "answer",
            "status",
            "error",
            "score",
            "finish_reason",
        }
        | {"input_tokens", "output_tokens", "reasoning_tokens", "served_model", "cost_usd"}
    ),
    "messages": frozenset({"n_actions", "input_tokens", "output_tokens", "reasoning_tokens", "cost_usd"}),
    "model_usage": frozenset({"input_tokens", "output_tokens", "reasoning_tokens", "cost_usd"}),
    "role_usage": frozenset({"input_tokens", "output_tokens", "reasoning_tokens", "cost_usd"}),
    "events": frozenset({"input_tokens", "output_tokens", "reasoning_tokens", "cost_usd"}),
    "scores": frozenset({"score", "choice_index", "answer", "status", "error"}),
    "error": frozenset({"status", "error"}),
    "limit": frozenset({"status", "error"}),
    "invalidation": frozenset({"status", "error"}),
    "total_time": frozenset({"latency_s"}),
}
"""By field of an Inspect sample, the columns that are read from it. From any other field nothing is."""

ODD_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 7, 0.5, 1e308, float("nan"), float("inf"), 2**40, 2**70, -(2**70)),
    *("", "text", "7", "\ud800", "x" * 5_000, "<PROB>1, 0</PROB>", "ANSWER: A", [], {}, [None], [[]], {"": {}}),
    *(10, "A, C", "B", "Partial", "<think>ANSWER: A", "so</think>ANSWER: B", [0, 2], ["C"], {"a": 1, "b": 0}),
)


def damaged_copy(original: Original, folder: Path, chance: random.Random) -> tuple[Path, Damage]:
    """Write a damaged copy into an empty folder."""
    folder.mkdir(parents=True)
    for companion in original.companions:
        shutil.copy(companion, folder)
    path = folder / original.path.name
    if original.path.is_dir():
        path = folder / original.path.parent.name / path.name  # a run's id is the name of the folder above
        shutil.copytree(original.path, path)
        victim = chance.choice(sorted(file for file in path.rglob("*") if file.is_file()))
        victim.write_bytes(_damaged_bytes(victim.read_bytes(), chance)[0])
        touched = frozenset(key for key in original.rows if key[2] == victim.parent.name)
        return path, Damage(f"bytes of {victim.name}", touched)
    if chance.random() < 0.5:
        if original.path.suffix == ".eval":
            return path, _swap_in_archive(original, path, chance)
        if original.path.suffix == ".json":
            return path, _swap_in_json(original, path, chance)
        if original.path.suffix == ".jsonl":
            return path, _swap_in_lines(original, path, chance)
    data, kind = _damaged_bytes(original.path.read_bytes(), chance)
    path.write_bytes(data)
    if original.path.suffix == ".eval":
        return path, Damage(kind)
    n_lines, n_left = original.path.read_bytes().count(b"\n"), data.count(b"\n")
    is_countless = not original.is_log and (n_left < n_lines or original.path.suffix == ".json")
    return path, Damage(kind, _touched_by_bytes(original, data), is_countless=is_countless)


def _touched_by_bytes(original: Original, data: bytes) -> frozenset[Key] | None:
    before = original.path.read_bytes()
    match original.path.suffix:
        case ".json":
            return _touched_samples(original, data) if original.is_log else touched_rows(original, before, data)
        case ".csv" if before.partition(b"\n")[0] != data.partition(b"\n")[0]:
            return None
        case ".jsonl" | ".csv":
            # A line that was lost or doubled, and one that came out of two, have all been changed.
            were, are = Counter(before.splitlines()), Counter(data.splitlines())
            changed = {line for line in were | are if were[line] != are[line]}
            keys_of_line = _keys_of_document if original.is_log else keys_of_row
            return frozenset(key for line in changed for key in keys_of_line(original, line))
    return None


def _touched_samples(original: Original, data: bytes) -> frozenset[Key] | None:
    """Samples of a JSON log that differ from the original's; None if more than that differs."""
    before = json.loads(original.path.read_bytes())
    try:
        after = json.loads(data.decode("utf-8", "replace"))
        samples, others = before.pop("samples"), after.pop("samples")
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    if before != after or not isinstance(others, list) or len(samples) != len(others):
        return None
    changed = (sample for sample, other in zip(samples, others, strict=True) if sample != other)
    return frozenset(key for sample in changed for key in original.keys_of(str(sample["id"]), sample["epoch"]))


def _keys_of_document(original: Original, line: bytes) -> set[Key]:
    """Samples of a document of lm-evaluation-harness."""
    try:
        document = json.loads(line.decode("utf-8", "replace"))
        doc = document.get("doc") or {}
        named = (document.get("doc_id"), *(doc.get(name) for name in ("id", "question_id", "task_id")))
    except (ValueError, AttributeError):
        return set()
    names = {str(name) for name in named if name is not None}
    return {key for key in original.rows if key[2] in names}


def _damaged_bytes(data: bytes, chance: random.Random) -> tuple[bytes, str]:
    if not data:
        return b"\0", "noise"
    start = chance.randrange(len(data))
    length = min(int(10 ** chance.uniform(0, 4)), len(data))
    match chance.randrange(6):
        case 0:
            flipped = bytearray(data)
            for _ in range(chance.randint(1, 20)):
                flipped[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            return bytes(flipped), "flipped bits"
        case 1:
            return data[:start], "cut"
        case 2:
            return data[:start] + chance.randbytes(length) + data[start + length :], "noise"
        case 3:
            return data[:start] + bytes(length) + data[start + length :], "zeros"
        case 4:
            return data[:start] + data[start + length :], "part left out"
        case _:
            return data[:start] + data[start : start + length] * 2 + data[start + length :], "part doubled"


def swap_a_value(document: Any, chance: random.Random) -> tuple[Any, list[str | int]]:
    """The document with one value replaced by an odd one, or left out, and the path of that value."""
    document = copy.deepcopy(document)
    places = list(_places(document, [], chance))
    path = chance.choice(places)
    parent = document
    for step in path[:-1]:
        parent = parent[step]
    if chance.random() < 0.1:
        del parent[path[-1]]
    else:
        parent[path[-1]] = chance.choice(ODD_VALUES)
    return document, path


def _places(value: Any, path: list[str | int], chance: random.Random) -> Iterator[list[str | int]]:
    """Paths of the document's values, each level in turn; of long lists and deep trees only a part."""
    inner = list(value.items() if isinstance(value, dict) else enumerate(value))
    for step, below in inner if len(inner) < 50 else chance.sample(inner, 50):
        yield [*path, step]
        if isinstance(below, dict | list) and len(path) < 6:
            yield from _places(below, [*path, step], chance)


def _swap_in_archive(original: Original, path: Path, chance: random.Random) -> Damage:
    with Archive(original.path) as archive:
        members = {name: archive.read(name) for name in archive.names}
    samples = [name for name in members if name.startswith("samples/")]
    name = "header.json" if chance.random() < 0.1 and "header.json" in members else chance.choice(samples)
    before = json.loads(members[name])
    swapped, where = swap_a_value(before, chance)
    members[name] = json.dumps(swapped).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as file:
        for member, data in members.items():
            file.writestr(member, data)
    if name == "header.json":
        return Damage("value of the header", is_header=True)
    return _in_sample(original, before, where)


def _in_sample(original: Original, sample: Mapping[str, Any], where: list[str | int]) -> Damage:
    touched = original.keys_of(str(sample["id"]), sample["epoch"])
    top = str(where[0])
    if top in ("id", "epoch", "uuid"):
        return Damage("key of a sample", touched)
    return Damage(f"value in {top}", touched, READ_FROM.get(top, frozenset()))


def _swap_in_json(original: Original, path: Path, chance: random.Random) -> Damage:
    log = json.loads(original.path.read_bytes())
    if not original.is_log:
        swapped, where = swap_a_value(log, chance)
        path.write_text(json.dumps(swapped))
        touched = keys_at(original, log, where) | keys_at(original, swapped, where)
        return Damage("value of a table", touched, is_countless=_may_hold_less(log, swapped, where))
    if chance.random() < 0.1:
        header = {name: value for name, value in log.items() if name != "samples"}
        path.write_text(json.dumps({**swap_a_value(header, chance)[0], "samples": log["samples"]}))
        return Damage("value of the header", is_header=True)
    number = chance.randrange(len(log["samples"]))
    before = log["samples"][number]
    log["samples"][number], where = swap_a_value(before, chance)
    path.write_text(json.dumps(log))
    return _in_sample(original, before, where)


def _may_hold_less(before: Any, after: Any, path: list[str | int]) -> bool:
    """Whether a list or an object became another, an empty value, or nothing: then it may hold fewer samples."""
    for step in path[:-1]:
        before, after = before[step], after[step]
    if isinstance(before, list) and len(after) < len(before):
        return True
    held = before[path[-1]]
    try:
        left = after[path[-1]]
    except (KeyError, IndexError):
        left = None
    return isinstance(held, list | dict) and (isinstance(left, list | dict) or left in (None, ""))


def _swap_in_lines(original: Original, path: Path, chance: random.Random) -> Damage:
    lines = original.path.read_bytes().splitlines()
    number = chance.randrange(len(lines))
    keys_of_line = _keys_of_document if original.is_log else keys_of_row
    touched = frozenset(keys_of_line(original, lines[number]))
    before = json.loads(lines[number])
    swapped, where = swap_a_value(before, chance)
    lines[number] = json.dumps(swapped).encode()
    path.write_bytes(b"\n".join(lines) + b"\n")
    if original.is_log:
        return Damage(f"value in {where[0]}", touched)
    touched |= keys_of_row(original, lines[number])
    return Damage("value of a table", touched, is_countless=_may_hold_less(before, swapped, where))
