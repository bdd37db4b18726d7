"""Inspect in a process of its own: which interpreter, how it is called, and how it ends with whoever called it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warehouse import environment
from warehouse.secrets import without_secrets

PYTHON = "INSPECT_PYTHON"
"""The variable that names the interpreter with inspect-ai; this one if it is not set."""

_SIDE = Path(__file__).with_name("inspect_side.py")
_LAST_WORDS = 4_000  # characters of what the process said that are looked at when it ends badly
_LOOK_S = 0.2
_PATIENCE_S = 60.0


class InspectProblemError(RuntimeError):
    """Inspect could not do it; the message says why and what to do.

    Attributes:
        is_interrupted: whether somebody stopped it.
    """

    def __init__(self, message: str, *, is_interrupted: bool = False) -> None:
        super().__init__(message)
        self.is_interrupted = is_interrupted


@dataclass
class Watching:
    """What is done while the process runs.

    Attributes:
        look: called now and then.
        every_s: seconds between two calls.
        should_stop: asked more often than that; the process is interrupted once it says yes.
    """

    look: Callable[[], None]
    every_s: float
    should_stop: Callable[[], bool]


def interpreter() -> str:
    """The Python that has inspect-ai."""
    # As it is written: a virtual environment's python is a link, and resolved it is another environment's.
    return str(Path(environment.value(PYTHON) or sys.executable).expanduser())


def list_items(task: str, args: Mapping[str, Any], folder: Path) -> tuple[str, list[str | int]]:
    """The name that Inspect gives a task, and the ids of its samples.

    Args:
        task: a registered name or a file, as Inspect takes it; files relative to `folder`.
        args: the task's arguments.
        folder: where the process runs.

    Raises:
        InspectProblemError: if the task cannot be loaded.
    """
    with tempfile.TemporaryDirectory(prefix="inspect-items-") as place:
        came = _call("items", {"task": task, "args": dict(args)}, Path(place), folder, None)
    return came["name"], came["ids"]


def run_eval_set(call: Mapping[str, Any], place: Path, folder: Path, watching: Watching) -> None:
    """Run an eval set to its end, or go on with it.

    Args:
        call: what `inspect_side` takes: task, ids, options.
        place: where the call and its result are written.
        folder: where the process runs.
        watching: what is done meanwhile.

    Raises:
        InspectProblemError: if it did not come to its end.
    """
    _call("run", call, place, folder, watching)


def _call(
    command: str, call: Mapping[str, Any], place: Path, folder: Path, watching: Watching | None
) -> dict[str, Any]:
    result = place / "result.json"
    result.unlink(missing_ok=True)
    asked = place / "call.json"
    asked.write_text(json.dumps({**call, "result": str(result)}), encoding="utf-8")
    with tempfile.TemporaryFile() as said:
        status = _run([interpreter(), str(_SIDE), command, str(asked)], folder, said, watching)
        said.seek(max(0, said.seek(0, os.SEEK_END) - _LAST_WORDS))
        words = without_secrets(said.read().decode("utf-8", "replace")).strip()
    try:
        came: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        last = words.rpartition("\n")[2] or "it said nothing"
        raise InspectProblemError(f"Inspect's process ended with status {status}: {last}") from None
    if "problem" not in came:
        return came
    if came.get("lacks_inspect"):
        raise InspectProblemError(
            f"{interpreter()} has no inspect-ai; pip install 'incoherence-warehouse[inspect]', or name the python of "
            f"the environment that has it in {PYTHON}"
        )
    problem = without_secrets(str(came["problem"])).strip()
    raise InspectProblemError(f"Inspect: {problem}", is_interrupted=bool(came.get("is_interrupted")))


def _run(command: list[str], folder: Path, said: Any, watching: Watching | None) -> int:
    """Run to the end; what it says goes to the file `said`. It ends with this process, however that ends."""
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment.complete() | {"PYTHONUNBUFFERED": "1"},
            stdin=subprocess.PIPE,  # held open and never written to: the process ends when it ends
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is passed on here, once
        )
    except OSError as error:
        raise InspectProblemError(f"{command[0]} cannot be started ({error.strerror}); see {PYTHON}") from error
    try:
        return _wait(process, watching)
    finally:
        if process.poll() is None:  # another exception, in the middle of everything
            process.kill()
            process.wait()
        if process.stdin is not None:
            process.stdin.close()


def _wait(process: subprocess.Popen[bytes], watching: Watching | None) -> int:
    looked = time.monotonic()
    told_at: float | None = None
    while (status := process.poll()) is None:
        if watching is not None:
            if told_at is None and watching.should_stop():
                process.send_signal(signal.SIGINT)
                told_at = time.monotonic()
            if time.monotonic() - looked >= watching.every_s:
                watching.look()
                looked = time.monotonic()
        if told_at is not None and time.monotonic() - told_at > _PATIENCE_S:
            process.kill()
        time.sleep(_LOOK_S)
    return status
