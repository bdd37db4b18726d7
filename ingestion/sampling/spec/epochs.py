"""How often each item is repeated: a number, or no more often than an interval needs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Field, Tag, field_validator, model_validator

from ingestion.sampling.spec.tasks import Strict

MOST_EPOCHS = 1_000_000
LEAST_SAMPLES = 3
"""Per item, before a first look: leaving one out has to leave two to compare."""

AS_NUMBER, AS_RANGE = "epochs-number", "epochs-range"
"""Pydantic's names for the two ways to write epochs; no part of a field's name."""


class Until(Strict):
    """When a pool has enough."""

    width: Annotated[float, Field(gt=0, lt=1)]
    """Width of the 95 % interval of the pool's corrected incoherence (Brier), for example 0.1."""


class EpochsUntil(Strict):
    """As many epochs as a pool (task × model × condition) needs, whole ones, and no more."""

    model_config = ConfigDict(serialize_by_alias=True)

    least: Annotated[int, Field(alias="from", ge=1, le=MOST_EPOCHS)]
    """Epochs that every pool gets before its interval is looked at; with the contexts, at least 3 samples per item."""
    to: Annotated[int, Field(ge=1, le=MOST_EPOCHS)]
    """The most epochs that a pool gets."""
    until: Until | Literal["verdict"]
    """When to stop between the two: when the interval is as narrow as `{width: 0.1}`, or at a `verdict`, when it is
    clear whether more than half of the pool's error is variance, or less."""

    @field_validator("until", mode="before")
    @classmethod
    def _is_known(cls, value: Any) -> Any:
        if isinstance(value, str) and value != "verdict":
            raise ValueError("write {width: 0.1}, or verdict")
        return value

    @property
    def width(self) -> float | None:
        """The wanted width; None where a verdict is wanted."""
        return None if isinstance(self.until, str) else self.until.width

    @model_validator(mode="after")
    def _is_a_range(self) -> EpochsUntil:
        if self.to <= self.least:
            raise ValueError(f"to is {self.to}, and from is {self.least}; raise to, or write epochs as a number")
        return self


def _way(value: Any) -> str:
    return AS_RANGE if isinstance(value, dict | EpochsUntil) else AS_NUMBER


Epochs = Annotated[
    Annotated[Annotated[int, Field(ge=1, le=MOST_EPOCHS)], Tag(AS_NUMBER)] | Annotated[EpochsUntil, Tag(AS_RANGE)],
    Discriminator(_way),
]
"""A number, or `{from: 5, to: 30, until: {width: 0.1}}`."""


def most_epochs(epochs: int | EpochsUntil) -> int:
    """The most that a pool gets."""
    return epochs.to if isinstance(epochs, EpochsUntil) else epochs


def epochs_problem(epochs: int | EpochsUntil, n_contexts: int, prompt_formats: tuple[str, ...]) -> str | None:
    """What is wrong with epochs that are to follow an interval, with the fix; None if nothing is."""
    if not isinstance(epochs, EpochsUntil):
        return None
    if "open_ended" in prompt_formats:
        return (
            "epochs: until needs answers that are right or wrong as they come in, and open_ended answers are not; "
            "write a number of epochs for this condition"
        )
    if epochs.least * n_contexts < LEAST_SAMPLES:
        return (
            f"epochs: from {epochs.least} makes {epochs.least * n_contexts} samples per item, and how they differ "
            f"takes {LEAST_SAMPLES}; raise from"
        )
    return None
