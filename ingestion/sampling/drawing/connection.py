"""A group's provider, made when it is first needed."""

from __future__ import annotations

from collections.abc import Mapping

from ingestion.sampling.plans.partitions import Partition
from ingestion.sampling.providers import AnyProvider, make_provider
from ingestion.sampling.providers.base import InProcessProvider, Provider
from ingestion.sampling.spec.experiment import ExperimentSpec


class Connection:
    """A group's provider, made when it is first needed: where nothing is missing, no key is needed either."""

    def __init__(self, spec: ExperimentSpec, name: str, given: Mapping[str, AnyProvider]) -> None:
        self._spec = spec
        self._name = name
        self._given = given
        self._provider: AnyProvider | None = None
        self._model: str | None = None

    def to(self, part: Partition) -> AnyProvider:
        """The provider of a partition: one set of connections for all models, but one in-process model at a time."""
        model = part.model.request_name
        if self._provider is None or (isinstance(self._provider, InProcessProvider) and model != self._model):
            self._provider, self._model = make_provider(self._spec, self._name, model, self._given), model
        return self._provider

    async def close(self) -> None:
        """Close what was made here."""
        if isinstance(self._provider, Provider) and self._name not in self._given:
            await self._provider.close()
