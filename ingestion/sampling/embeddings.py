"""Embeddings of open-ended answers: what the embedding variance is computed from.

Each chunk becomes an immutable file as soon as its vectors are there, so a killed run loses at most the request in
flight, and a re-run asks only for answers that have no vector yet.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import numpy as np

from ingestion.sampling.drawing.pace import backoff
from ingestion.sampling.providers.base import Key, OverloadedError, TransientError
from ingestion.sampling.providers.sdk import sdk_error
from ingestion.sampling.spec.experiment import EmbeddingSpec, ExperimentSpec, Limits
from ingestion.sampling.spec.providers import ProviderSpec
from ingestion.sampling.spec.tasks import task_name
from warehouse.keys import digest
from warehouse.layout import Layout
from warehouse.parquet import ensure_empty_files, write_partition
from warehouse.raw import connect_raw
from warehouse.tell import Tell, silence

_MISSING = """
    select samples.sample_id, samples.answer, count(*) over () as n_missing
    from raw.samples
    join raw.conditions using (condition_id)
    where
        conditions.prompt_format = 'open_ended'
        and samples.source = 'sampler'
        and samples.status = 'ok'
        and samples.answer is not null
        and list_contains(?, samples.task)
        and list_contains(?, samples.model_id)
        and samples.sample_id not in (select sample_id from raw.embeddings where embedding_model = ?)
    order by samples.sample_id
"""


class EmbeddingError(RuntimeError):
    """Vectors could not be had; the message says what to do. Those that were are kept."""


class Embedder(Protocol):
    """Turns texts into vectors."""

    def embed(self, texts: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float32]]:
        """One row for each text, float32."""


@dataclass(frozen=True)
class EmbeddingSummary:
    """What became of a run.

    Attributes:
        embedding_model: the model, with its number of dimensions if it was shortened.
        n_embedded: answers that have a vector since this run.
        n_known: answers that had one.
    """

    embedding_model: str
    n_embedded: int
    n_known: int


def embed_answers(
    spec: ExperimentSpec,
    layout: Layout,
    *,
    report: Tell = silence,
    make: Callable[[EmbeddingSpec, Limits], Embedder] | None = None,
) -> EmbeddingSummary:
    """Embed the experiment's open-ended answers that have no vector yet, into `raw.embeddings`.

    Args:
        spec: the experiment; its `embeddings` says how.
        layout: the warehouse.
        report: takes a line for people now and then.
        make: makes the embedder; by default the one that the spec names.

    Raises:
        EmbeddingError: if the spec names no embedding model, or vectors cannot be had.
        MissingKeyError: if a key is not in the environment.
    """
    settings = spec.embeddings
    if settings is None:
        raise EmbeddingError(f"experiment {spec.name}: has no embeddings; add embeddings: {{model: …}} to the spec")
    ensure_empty_files(layout)
    name = embedding_model(settings)
    n_known = _count_known(layout, name)
    embedder: Embedder | None = None
    done = 0
    for chunk in _missing(spec, layout, name, settings.batch):
        embedder = embedder or (make or make_embedder)(settings, spec.limits)  # where nothing is missing, no key either
        vectors = embedder.embed([answer for _, answer, _ in chunk])
        _write(layout, name, [sample_id for sample_id, _, _ in chunk], vectors)
        done += len(chunk)
        report(f"embedded {done:,} of {chunk[0][2]:,} answers")
    return EmbeddingSummary(name, done, n_known)


def embedding_model(settings: EmbeddingSpec) -> str:
    """The name in the warehouse: vectors of different lengths are of different models."""
    return f"{settings.model}@{settings.dimensions}" if settings.dimensions else settings.model


def make_embedder(settings: EmbeddingSpec, limits: Limits) -> Embedder:
    """The embedder that a spec names.

    Raises:
        EmbeddingError: if sentence-transformers is wanted and not installed.
        MissingKeyError: if a key is not in the environment.
    """
    return (
        _SentenceTransformers(settings) if settings.provider == "sentence_transformers" else _OpenAI(settings, limits)
    )


class _OpenAI:
    def __init__(self, settings: EmbeddingSpec, limits: Limits) -> None:
        import openai

        provider = ProviderSpec(
            kind="openai" if settings.provider == "openai" else "openai_compatible",
            base_url=settings.base_url,
            api_key_env=settings.api_key_env,
        )
        self._settings = settings
        self._limits = limits
        self._key = Key(provider)
        self._client = openai.OpenAI(
            api_key=self._key.reveal(), base_url=settings.base_url, max_retries=0, timeout=limits.timeout_s
        )

    def embed(self, texts: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float32]]:
        import openai

        options: dict[str, Any] = {"dimensions": self._settings.dimensions} if self._settings.dimensions else {}
        failures, began = 0, time.monotonic()
        while True:
            try:
                response = self._client.embeddings.create(model=self._settings.model, input=list(texts), **options)
                return _checked([row.embedding for row in sorted(response.data, key=lambda row: row.index)], len(texts))
            except (openai.OpenAIError, ValueError, TypeError, AttributeError) as error:
                failure = sdk_error(error, openai, self._key)
                failures += 1
                is_patient = isinstance(failure, OverloadedError) and time.monotonic() - began < self._limits.patience_s
                is_passing = isinstance(failure, TransientError) or not isinstance(error, openai.OpenAIError)
                if not is_patient and not (is_passing and failures < self._limits.attempts):
                    raise EmbeddingError(f"{self._settings.model}: {failure}") from None
                asked = failure.retry_after_s if isinstance(failure, OverloadedError) else None
                time.sleep(backoff(failures, self._limits.backoff_s) if asked is None else asked)


class _SentenceTransformers:
    def __init__(self, settings: EmbeddingSpec) -> None:
        try:
            from sentence_transformers import SentenceTransformer  # type: ignore[import-not-found]
        except ImportError:
            raise EmbeddingError(
                "embeddings.provider: sentence-transformers is not installed; pip install sentence-transformers"
            ) from None
        self._model = SentenceTransformer(settings.model, truncate_dim=settings.dimensions)

    def embed(self, texts: Sequence[str]) -> np.ndarray[Any, np.dtype[np.float32]]:
        return _checked(self._model.encode(list(texts), convert_to_numpy=True), len(texts))


def _checked(vectors: Any, n_texts: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    array = np.asarray(vectors, dtype=np.float32)
    if array.ndim != 2 or len(array) != n_texts or array.shape[1] == 0 or not np.isfinite(array).all():
        raise ValueError(f"got vectors of shape {array.shape} for {n_texts} texts")
    return array


def _missing(spec: ExperimentSpec, layout: Layout, name: str, size: int) -> Iterator[list[tuple[str, str, int]]]:
    """Answers without a vector, `size` at a time: (sample id, answer, how many there are in all)."""
    tasks, models = [task_name(task) for task in spec.tasks], [model.id for model in spec.models]
    with connect_raw(layout) as con:
        found = con.execute(_MISSING, [tasks, models, name])
        while chunk := found.fetchmany(size):
            yield chunk


def _count_known(layout: Layout, name: str) -> int:
    with connect_raw(layout) as con:
        counted = con.execute("select count(*) from raw.embeddings where embedding_model = ?", [name]).fetchone()
    return int(counted[0]) if counted else 0


def _write(layout: Layout, name: str, ids: list[str], vectors: np.ndarray[Any, np.dtype[np.float32]]) -> None:
    now = datetime.now(UTC)
    write_partition(
        layout,
        "embeddings",
        [
            {"sample_id": sample_id, "embedding_model": name, "vector": vector, "ingested_at": now}
            for sample_id, vector in zip(ids, vectors, strict=True)
        ],
        file_stem=f"sampler-{digest(ids)}",
        partition={"embedding_model": name},
    )
