"""From the journal to the raw layer: one Parquet file per partition, replaced whole.

The journal is the truth and Parquet follows from it, so a better parser is applied by deriving again, without a single
new request. Memory is bounded: a partition whose responses are larger than `BUCKET_BYTES` is first split by item into
files that are not.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from ingestion.reasoning_text import is_at_a_limit, split_reasoning
from ingestion.sampling.journal.outcome import PARSER_VERSION, judge
from ingestion.sampling.journal.records import Answered, End, Failed, Header, Record, Settled, read, segments
from ingestion.sampling.providers.wire import READERS, InvalidResponseError
from ingestion.text import clip
from warehouse.keys import digest, sample_id
from warehouse.layout import Layout
from warehouse.leftovers import owner
from warehouse.parquet import ROW_GROUP_ROWS, atomic_path, atomic_writer, to_table, write_partition
from warehouse.schemas import SAMPLES
from warehouse.secrets import hashed_for, without_secrets
from warehouse.settings import published_settings

FILE_STEM = "sampler"
BUCKET_BYTES = 1 << 24
"""Bytes of responses that are held at a time."""

_SIDECAR = "derived.json"
_LONGEST_ERROR = 2_000
_LONGEST_TEXT = 10_000_000
_MARKS = ("/think", "/THINK", "/reason", "/thought", "◁/", "<|", "\\u003c")
"""One of them is in every response that closes reasoning, however its server escapes JSON."""


@dataclass(frozen=True)
class Derived:
    """A derived partition.

    Attributes:
        path: its Parquet file.
        n_samples: rows.
        n_by_status: rows by status.
        n_cut_off: rows whose completion was cut off at a limit on its length.
    """

    path: Path
    n_samples: int
    n_by_status: dict[str, int]
    n_cut_off: int


def derive_all(layout: Layout, *, force: bool = False) -> list[Derived]:
    """Derive every partition that the journals hold; with `force` also those whose Parquet is up to date."""
    folders = sorted({path.parent for path in layout.responses.rglob("*.jsonl*")})
    return [derived for folder in folders if (derived := derive(layout, folder, force=force))]


def derive(layout: Layout, folder: Path, *, force: bool = False) -> Derived | None:
    """Write a partition's samples, its condition and its model to the raw layer.

    Args:
        layout: the warehouse.
        folder: the partition's journal.
        force: also if nothing has changed since the last time.

    Returns:
        What was written; None if the journal is empty.
    """
    seen = _look_through(folder)
    header, run_status = seen.header, seen.run_status
    if header is None or not seen.sizes:
        return None
    path = layout.raw_file("samples", FILE_STEM, _columns(header))
    state = {"parser_version": PARSER_VERSION, "segments": [s.name for s in segments(folder)], "status": run_status}
    if not force and path.exists() and (known := _known(folder)) and known["state"] == state:
        return Derived(path, known["n_samples"], known["n_by_status"], known["n_cut_off"])

    counts: dict[str, int] = {}
    n_cut_off = 0
    now = datetime.now(UTC)
    with atomic_writer(path, SAMPLES.schema) as writer, _by_item(folder, seen.sizes) as buckets, hashed_for(layout):
        for records in buckets:
            rows = [_row(record, header, seen, now) for record in _latest(records)]
            for row in rows:
                counts[row["status"]] = counts.get(row["status"], 0) + 1
                n_cut_off += is_at_a_limit(row.get("finish_reason"))
            writer.write_table(to_table(SAMPLES, rows), row_group_size=ROW_GROUP_ROWS)
    origin = {"source": "sampler", "ingested_at": now}
    with hashed_for(layout):
        condition = _without_keys(header.condition)
    write_partition(layout, "conditions", [condition | origin], file_stem=f"sampler-{header.condition_id}")
    write_partition(layout, "models", [header.model | origin], file_stem=f"sampler-{digest(header.model_id)}")
    derived = Derived(path, sum(counts.values()), dict(sorted(counts.items())), n_cut_off)
    with atomic_path(folder / _SIDECAR) as temporary:
        told = {"n_samples": derived.n_samples, "n_by_status": derived.n_by_status, "n_cut_off": n_cut_off}
        temporary.write_text(json.dumps({"state": state} | told))
    return derived


def _without_keys(condition: dict[str, Any]) -> dict[str, Any]:
    """A condition whose `extra_body` may hold anything; its id stays that of the spec."""
    return condition | {
        "condition_label": without_secrets(condition["condition_label"]),
        "settings": published_settings(condition["settings"], "sampler"),
    }


def _columns(header: Header) -> dict[str, str]:
    return {"task": header.task, "model_id": header.model_id, "condition_id": header.condition_id}


def _known(folder: Path) -> dict[str, Any] | None:
    try:
        content = json.loads((folder / _SIDECAR).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return (
        content
        if isinstance(content, dict) and {"state", "n_samples", "n_by_status", "n_cut_off"} <= set(content)
        else None
    )


@dataclass
class _Seen:
    """What a first look through a journal tells.

    Attributes:
        header: the newest one.
        run_status: how the last run ended.
        sizes: bytes of responses by item.
        opens_in_prompt: some completion closes reasoning that it has not opened.
    """

    header: Header | None = None
    run_status: str = "crashed"
    sizes: dict[str, int] = field(default_factory=dict)
    opens_in_prompt: bool = False


def _look_through(folder: Path) -> _Seen:
    seen = _Seen()
    for record in read(folder, Record):
        if isinstance(record, Header):
            seen.header, seen.run_status = record, "crashed"
        elif isinstance(record, End):
            seen.run_status = record.run_status
        else:
            text = record.response if isinstance(record, Answered) else record.error
            seen.sizes[record.item_id] = seen.sizes.get(record.item_id, 0) + len(text) + 200
            if isinstance(record, Answered) and not seen.opens_in_prompt:
                seen.opens_in_prompt = _closes_what_it_did_not_open(record)
    return seen


def _closes_what_it_did_not_open(record: Answered) -> bool:
    if not any(mark in record.response for mark in _MARKS):  # most have none, and are not read twice
        return False
    try:
        return split_reasoning(READERS[record.protocol](record.response).text).was_open
    except InvalidResponseError:
        return False


@contextmanager
def _by_item(folder: Path, sizes: dict[str, int]) -> Iterator[Iterable[Iterable[Settled]]]:
    """Records in groups of whole items, groups in order of item ids, each group small enough to hold."""
    if sum(sizes.values()) <= BUCKET_BYTES:
        yield [_settled(folder)]
        return
    bucket_of: dict[str, int] = {}
    bucket, filled = 0, 0
    for item_id in sorted(sizes):
        if filled and filled + sizes[item_id] > BUCKET_BYTES:
            bucket, filled = bucket + 1, 0
        filled += sizes[item_id]
        bucket_of[item_id] = bucket
    with tempfile.TemporaryDirectory(dir=folder, prefix=".deriving.", suffix=f".{owner()}.tmp") as scratch:
        names = [Path(scratch, f"{number:06d}.jsonl") for number in range(bucket + 1)]
        with ExitStack() as stack:
            handles = [stack.enter_context(name.open("wb")) for name in names]
            encoder = msgspec.json.Encoder()
            for record in _settled(folder):
                handles[bucket_of[record.item_id]].write(encoder.encode(record) + b"\n")
        yield (_spilled(name) for name in names)


def _settled(folder: Path) -> Iterator[Settled]:
    for record in read(folder, Record):
        if isinstance(record, Answered | Failed):
            yield record


def _spilled(path: Path) -> Iterator[Settled]:
    decoder: msgspec.json.Decoder[Settled] = msgspec.json.Decoder(Settled)
    with path.open("rb") as handle:
        for line in handle:
            yield decoder.decode(line)


def _latest(records: Iterable[Settled]) -> Iterable[Settled]:
    """One record for each sample: the last answer, or, where there is none, the last failure."""
    kept: dict[tuple[str, str, int], Settled] = {}
    for record in records:
        key = (record.item_id, record.context_id, record.epoch)
        if isinstance(record, Answered) or not isinstance(kept.get(key), Answered):
            kept[key] = record
    return kept.values()


def _row(record: Settled, header: Header, seen: _Seen, now: datetime) -> dict[str, Any]:
    key: dict[str, Any] = {
        **_columns(header),
        "item_id": record.item_id,
        "context_id": record.context_id,
        "epoch": record.epoch,
    }
    row = key | {
        "sample_id": sample_id(**key, source="sampler"),
        "answer_key_id": record.answer_key_id,
        "source": "sampler",
        "run_id": record.run_id,
        "run_status": seen.run_status,
        "latency_s": record.latency_s,
        "temperature": header.temperature,
        "seed": record.seed,
        "created_at": record.completed_at,
        "ingested_at": now,
    }
    if isinstance(record, Failed):
        return row | {"status": "error", "error": clip(without_secrets(record.error), _LONGEST_ERROR)}
    try:
        reply = READERS[record.protocol](record.response)
    except InvalidResponseError as error:  # a stricter reader than the one that let it in
        return row | {"status": "error", "error": clip(str(error), _LONGEST_ERROR), "cost_usd": record.cost_usd}
    outcome = judge(reply, header.prompt_format, record.n_choices, opens_in_prompt=seen.opens_in_prompt)
    return row | {
        "status": outcome.status,
        "choice_index": outcome.choice_index,
        "class_probs": outcome.class_probs,
        "answer": None if outcome.answer is None else clip(outcome.answer, 100_000),
        "error": outcome.error,
        "completion": clip(outcome.completion, _LONGEST_TEXT),
        "reasoning": clip(outcome.reasoning, _LONGEST_TEXT) if outcome.reasoning else None,
        "input_tokens": reply.input_tokens,
        "output_tokens": reply.output_tokens,
        "reasoning_tokens": reply.reasoning_tokens,
        "cost_usd": record.cost_usd,
        "served_model": clip(reply.served_model, 500) if reply.served_model else None,
        "system_fingerprint": clip(reply.system_fingerprint, 500) if reply.system_fingerprint else None,
        "finish_reason": clip(reply.finish_reason, 100) if reply.finish_reason else None,
    }
