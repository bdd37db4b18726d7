"""Ctrl-C in a step that talks to the outside: the step winds up, and the run ends.

Dagster's own handler raises in the middle of whatever runs, where an event loop cannot let requests end that are paid
for, and its retry policies take an interruption for a failure that may pass: the step would begin again.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
from dagster import DagsterEvent

MARK = "interrupted"
"""Metadata of the failure of a step that was interrupted."""


@contextmanager
def winding_up() -> Iterator[None]:
    """Python's own handler of Ctrl-C, and no other try after it; SIGTERM, which ends processes, is taken for Ctrl-C.

    Raises:
        dagster.Failure: if interrupted.
    """
    is_main = threading.current_thread() is threading.main_thread()
    before = {}
    if is_main:  # only there can handlers be set, and only there does Dagster set its own
        before[signal.SIGINT] = signal.signal(signal.SIGINT, signal.default_int_handler)
        before[signal.SIGTERM] = signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        yield
    except KeyboardInterrupt:
        raise dg.Failure(
            "interrupted; what was drawn is kept, run it again to go on", metadata={MARK: True}, allow_retries=False
        ) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def is_interrupted(event: DagsterEvent) -> bool:
    """Whether a step failed because it was interrupted, while it wound up or in any other place."""
    if not event.is_step_failure:
        return False
    failure = event.step_failure_data
    is_wound_up = failure.user_failure_data is not None and MARK in failure.user_failure_data.metadata
    return is_wound_up or (failure.error_source is not None and failure.error_source.value == "INTERRUPT")
