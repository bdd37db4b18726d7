"""Partitions of the sampler's responses: one per task × model × condition, named by what differs, at both ends."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import dagster as dg

from ingestion.sampling import Experiments, PartitionKey, load_experiments
from warehouse.layout import Layout

PROVIDER_KINDS = {
    "local": "small reasoners of this project, in this process; no key, no network",
    "openai": "OpenAI's API",
    "anthropic": "Anthropic's API",
    "openai_compatible": "vLLM, Ollama, llama.cpp or any server that speaks OpenAI's protocol",
    "inspect": "Inspect, which runs agents and any other of its tasks, and asks any model that it knows",
}

PARTITIONS = {kind: dg.DynamicPartitionsDefinition(name=f"sampling_{kind}") for kind in PROVIDER_KINDS}

SEPARATOR = " | "
OLD_SEPARATOR = "|"
"""Between task, model, perhaps the condition in words, and its id: names of earlier versions."""

BETWEEN_WORDS = " · "

EMBEDDINGS = dg.AssetKey(["raw", "embeddings"])

_EMPTY = "Nothing is planned, so there is nothing to do; what is below need not wait for it."


def responses_key(kind: str) -> dg.AssetKey:
    """The asset of the responses of one kind of provider."""
    return dg.AssetKey(["raw", f"responses_{kind}"])


def partition_name(key: PartitionKey, words: str) -> str:
    """A partition's name in the UI: `condition in words | task | condition_id | model`.

    The UI cuts out the middle and shows as few as thirteen characters at either end: what differs most often is there.
    """
    plain = re.sub(r"[\s|,\"\[\]]+", " ", words.replace("...", "…")).strip()  # the UI and Dagster give these a meaning
    return SEPARATOR.join((plain, _quoted(key.task), key.condition_id, _quoted(key.model_id)))


def partition_key(name: str) -> PartitionKey:
    """The partition of a name, also of one that an earlier version gave."""
    if SEPARATOR in name:
        _, task, condition_id, model_id = name.split(SEPARATOR)
        return PartitionKey(_unquoted(task), _unquoted(model_id), condition_id)
    task, model_id, *_, condition_id = name.split(OLD_SEPARATOR)
    return PartitionKey(task, model_id, condition_id)


def _quoted(name: str) -> str:
    """A task's or model's name without the sign that separates them."""
    return name.replace("%", "%25").replace("|", "%7C")


def _unquoted(name: str) -> str:
    return name.replace("%7C", "|").replace("%25", "%")


def telling_words(words: Mapping[PartitionKey, str]) -> dict[PartitionKey, str]:
    """Of each condition the words that not all conditions of its task and model have; all of them where none differ."""
    parts = {key: told.split(BETWEEN_WORDS) for key, told in words.items()}
    shared: dict[tuple[str, str], set[str]] = {}
    for key, of in parts.items():
        shared[key[:2]] = shared.get(key[:2], set(of)) & set(of)
    return {
        key: BETWEEN_WORDS.join([part for part in of if part not in shared[key[:2]]] or of) for key, of in parts.items()
    }


def planned_names(layout: Layout) -> tuple[dict[str, list[str]], tuple[str, ...]]:
    """Names of the planned partitions by kind of provider, and what is wrong with specs that cannot be read."""
    experiments = load_experiments(layout)
    return _names(experiments), experiments.problems


class Registered(NamedTuple):
    """What the specs plan and what of it is new, as names by kind of provider, and what is wrong with other specs."""

    planned: dict[str, list[str]]
    added: dict[str, list[str]]
    problems: tuple[str, ...]


def register(instance: dg.DagsterInstance, layout: Layout) -> Registered:
    """Bring the partitions up to the specs. A partition keeps the name that it has, unless an earlier version gave it.

    What no spec plans, and nothing was ever materialized of, is recorded as empty: nobody is asked to wait for it.
    """
    experiments = load_experiments(layout)
    planned, added = _names(experiments), {}
    for kind, names in planned.items():
        of = str(PARTITIONS[kind].name)
        known = {partition_key(name): name for name in instance.get_dynamic_partitions(of)}
        new = [name for name in names if SEPARATOR not in known.get(partition_key(name), "")]
        if not new:
            continue
        added[kind] = new
        instance.add_dynamic_partitions(of, new)
        for name in new:
            if old := known.get(partition_key(name)):
                _move(instance, kind, old, name)
    if not experiments.problems:  # one of theirs may plan it
        unplanned = {responses_key(kind) for kind in PROVIDER_KINDS if not planned[kind]}
        asks_for_vectors = any(spec.embeddings for spec in experiments.specs.values())
        _record_empty(instance, unplanned if asks_for_vectors else unplanned | {EMBEDDINGS})
    return Registered(planned, added, experiments.problems)


def _names(experiments: Experiments) -> dict[str, list[str]]:
    words = telling_words(experiments.words())
    return {
        kind: sorted(partition_name(key, words[key]) for key in experiments.planned(kind)) for kind in PROVIDER_KINDS
    }


def _move(instance: dg.DagsterInstance, kind: str, old: str, new: str) -> None:
    """Give a partition its new name: its last materialization is recorded under it, and all stay under the old one."""
    key = responses_key(kind)
    found = instance.fetch_materializations(dg.AssetRecordsFilter(key, asset_partitions=[old]), limit=1).records
    for record in found:
        was = record.asset_materialization
        if was is not None:
            told: dict[str, Any] = {**was.metadata, "named_before": old, "run_id": record.run_id}
            moved = dg.AssetMaterialization(key, metadata=told, partition=new, tags=was.tags)
            instance.report_runless_asset_event(moved)
    instance.delete_dynamic_partition(str(PARTITIONS[kind].name), old)


def _record_empty(instance: dg.DagsterInstance, keys: Iterable[dg.AssetKey]) -> None:
    for key in keys:
        if instance.get_latest_materialization_event(key) is None:
            told: dict[str, Any] = {"dagster/row_count": 0, "note": _EMPTY}
            instance.report_runless_asset_event(dg.AssetMaterialization(key, metadata=told))
