"""Asking OpenAI, once in a run, until when its models are there."""

from __future__ import annotations

from datetime import UTC, datetime

from ingestion.sampling.plans.shutdowns import Told, remember, shutdown_notice
from ingestion.sampling.providers import AnyProvider
from ingestion.sampling.providers.base import ProviderError, TellsShutdowns
from warehouse.layout import Layout
from warehouse.tell import Tell

_NO_SUCH_ADDRESS = "404"


class UntilWhen:
    """Asks each provider once, keeps what it says for dry runs and the status, and tells of the models that are asked.

    Args:
        layout: the warehouse.
        tell: takes a line for people.
    """

    def __init__(self, layout: Layout, tell: Tell) -> None:
        self._layout = layout
        self._tell = tell
        self._told: dict[int, Told | None] = {}
        self._named: set[str] = set()

    async def look(self, provider: AnyProvider, model: str) -> None:
        """Tell what the provider says of the model, where that is more than the data file says; never an error."""
        if not isinstance(provider, TellsShutdowns):
            return
        today = datetime.now(UTC).date()
        if id(provider) not in self._told:
            self._told[id(provider)] = None
            try:
                if dates := await provider.shutdown_dates():
                    self._told[id(provider)] = Told(today, dates)
                    remember(self._layout, dates)
            except ProviderError as error:  # the samples are what counts
                if not str(error).startswith(_NO_SUCH_ADDRESS):
                    self._tell(f"until when models are there could not be asked: {error}")
        notice = shutdown_notice(model, today, self._told[id(provider)])
        if notice is not None and notice != shutdown_notice(model, today) and model not in self._named:
            self._named.add(model)
            self._tell(notice)
