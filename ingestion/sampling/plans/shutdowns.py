"""Until when models are there: by the data file, and by what their provider said the last time that it was asked.

OpenAI's `/v1/models` tells a `shutdown_date`. It is asked when samples are drawn, since then it is asked anyway, and
what it says is kept in the warehouse: a dry run and the status ask nobody.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

from ingestion.sampling.spec.experiment import ExperimentSpec
from ingestion.sampling.spec.models import facts, model_facts
from warehouse.layout import Layout
from warehouse.parquet import atomic_path

_HOSTED = ("openai", "anthropic", "inspect")


@dataclass(frozen=True)
class Told:
    """What a provider said.

    Attributes:
        on: when.
        dates: by model, the day on which it is shut down.
    """

    on: date
    dates: Mapping[str, date]


def remember(layout: Layout, dates: Mapping[str, date]) -> None:
    """Keep what OpenAI said today, in place of what it said before."""
    with atomic_path(layout.shutdown_dates) as temporary:
        content = {"on": datetime.now(UTC).date().isoformat(), "dates": {k: v.isoformat() for k, v in dates.items()}}
        temporary.write_text(json.dumps(content, indent=1) + "\n")


def remembered(layout: Layout) -> Told | None:
    """What OpenAI said the last time; None if it was never asked."""
    try:
        content = json.loads(layout.shutdown_dates.read_text(encoding="utf-8"))
        dates = {str(name): date.fromisoformat(day) for name, day in content["dates"].items()}
        return Told(date.fromisoformat(content["on"]), dates)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # a file that somebody edited tells nothing
        return None


def shutdown_notices(spec: ExperimentSpec, layout: Layout) -> Iterator[str]:
    """What to say of models that their providers have shut down, or will."""
    told, today = remembered(layout), datetime.now(UTC).date()
    for model in spec.models:
        kind = spec.provider(model.provider).kind
        maker, _, name = model.request_name.rpartition("/")
        if kind in _HOSTED:
            is_of_openai = kind == "openai" or (kind == "inspect" and maker == "openai")
            notice = shutdown_notice(name, today, told if is_of_openai else None)
            if notice is not None:
                yield notice


def shutdown_notice(name: str, today: date, told: Told | None = None) -> str | None:
    """What to say about the end of a model: that it is gone, or when it will be; None if nothing is known.

    Args:
        name: the model's name in requests.
        today: the day.
        told: what its provider said; its word goes before the file's.
    """
    known = model_facts(name)
    day, by = (known.shutdown if known else None), ""
    if told is not None and name in told.dates and told.dates[name] != day:
        day, by = told.dates[name], f", as its provider said on {told.on}"
    if day is None:
        return None
    instead = f"; its provider recommends {known.instead}" if known and known.instead else ""
    n_days = (day - today).days
    if n_days <= 0:
        return f"{name} was shut down on {day}{by}{instead}."
    return f"{name} will be shut down on {day}, in {n_days} days{by}{instead}. Samples cannot be added after that."


def basis(spec: ExperimentSpec, layout: Layout) -> str | None:
    """What the notices rest on; None if the experiment asks no hosted model."""
    kinds = {spec.provider(model.provider).kind for model in spec.models}
    if not kinds & set(_HOSTED):
        return None
    told = remembered(layout)
    said = f" and on what OpenAI said on {told.on}" if told is not None and "openai" in kinds else ""
    again = "; nobody was asked now, sampling asks OpenAI" if "openai" in kinds else ""
    return f"Days on which models are shut down rest on a list of {facts().as_of}{said}{again}."
