"""One instance of a run of the SWE-bench harness as rows of the raw contract.

What an instance without results of its tests counts as (paper, section 3): a run that was stopped by a limit, or whose
patch is none, left the code as it was. Its status says so; the unit tests of the item are then taken as unchanged
downstream. An evaluation that broke is an error: counted and left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from ingestion.logs.json_text import decode
from ingestion.logs.records import Row
from ingestion.text import clip, clip_key
from warehouse.keys import sample_id

INSTANCE_FILES = ("report.json", "run_instance.log", "test_output.txt", "patch.diff")
"""What the harness leaves in an instance's folder, as far as it is read."""

MAX_FILE_BYTES = 256 * 2**20
"""Largest report or trajectory that is read."""

_TAIL_BYTES = 65_536
_LONGEST_PATCH = 10_000_000
_KINDS = {"FAIL_TO_PASS": "fail_to_pass", "PASS_TO_PASS": "pass_to_pass"}
_AGENT_LIMIT = re.compile(r"(?i:limit|cost|context)|(?<![A-Za-z])time|Time")
"""How agents say that a limit stopped them: `exit_cost`, `LimitsExceeded`, `TimeExceeded`; a RuntimeError is none."""

# Written by the harness into its own log or among the tests' output.
_TIMED_OUT = re.compile(
    rb"Timeout error: [\d.]+ seconds exceeded|>>>>> Tests Timed Out|Test timed out after [\d.]+ seconds"
)
_NO_PATCH = b">>>>> Patch Apply Failed"


class Tests(msgspec.Struct):
    """Names of tests by outcome."""

    success: list[str] = []
    failure: list[str] = []


class HarnessReport(msgspec.Struct, kw_only=True):
    """What `report.json` says of its instance."""

    resolved: bool
    patch_is_None: bool = False  # noqa: N815
    patch_exists: bool = True
    tests_status: dict[str, Tests] | None = None


class Stats(msgspec.Struct):
    """What an agent took (SWE-agent and mini-SWE-agent)."""

    api_calls: int | None = None
    tokens_sent: int | None = None
    tokens_received: int | None = None
    instance_cost: float | None = None


class Info(msgspec.Struct):
    """How an agent's run ended."""

    exit_status: str | None = None
    model_stats: Stats | None = None


class Trajectory(msgspec.Struct):
    """An agent's trajectory, as far as it is read."""

    info: Info


@dataclass(frozen=True)
class InstanceFiles:
    """An instance's folder and the agent's trajectory, if there is one."""

    folder: Path
    trajectory: Path | None

    @property
    def instance_id(self) -> str:
        """The item."""
        return self.folder.name

    def present(self) -> list[Path]:
        """The files that are there."""
        files = [path for name in INSTANCE_FILES if (path := self.folder / name).is_file()]
        return [*files, self.trajectory] if self.trajectory else files


@dataclass(frozen=True)
class RunKeys:
    """What all samples of a run share."""

    task: str
    model_id: str
    condition_id: str
    answer_key_id: str
    run_id: str
    epoch: int

    def rows(self, instance_id: str, outcome: dict[str, Any]) -> Iterator[Row]:
        """The item and its sample."""
        key = {
            "task": self.task,
            "model_id": self.model_id,
            "condition_id": self.condition_id,
            "item_id": instance_id,
            "context_id": "none",
            "epoch": self.epoch,
        }
        item = {"task": self.task, "item_id": instance_id, "answer_key_id": self.answer_key_id}
        yield Row("items", item | {"subject": clip(instance_id.rpartition("-")[0].replace("__", "/"), 500)})
        yield Row(
            "samples",
            {
                **key,
                "sample_id": self.sample_id(instance_id),
                "answer_key_id": self.answer_key_id,
                "source_ref": self.run_id,
                "run_id": self.run_id,
                "run_status": "success",
                **outcome,
            },
        )

    def sample_id(self, instance_id: str) -> str:
        """Id of the run's sample of an instance."""
        return sample_id(
            task=self.task,
            model_id=self.model_id,
            condition_id=self.condition_id,
            item_id=instance_id,
            context_id="none",
            epoch=self.epoch,
            source="swe_bench",
            source_ref=self.run_id,
        )


def instance_rows(files: InstanceFiles, keys: RunKeys) -> Iterator[Row]:
    """The instance's item, its sample, and its unit tests.

    Raises:
        ValueError: if the report is not what the harness writes, or contradicts itself.
        OSError: if a file cannot be read.
    """
    report = _report(files)
    tests = list(_tests(report)) if report else []
    status, error = _ending(files, report, has_tests=bool(tests))
    score = None if status == "error" else float(report.resolved) if report else 0.0
    if tests and bool(score) != all(passed for _, _, passed in tests):
        raise ValueError(f"resolved is {bool(score)}, which contradicts the tests in tests_status; evaluate it again")
    outcome: dict[str, Any] = {"status": status, "score": score, "error": error, "completion": _patch(files)}
    if files.trajectory is not None:
        outcome |= _agent(decode(_bounded(files.trajectory), Trajectory), outcome)
    yield from keys.rows(files.instance_id, outcome)
    for name, kind, passed in tests:
        values = {"task": keys.task, "test_name": name, "kind": kind, "passed": passed}
        yield Row("test_outcomes", {"sample_id": keys.sample_id(files.instance_id), **values})


def _report(files: InstanceFiles) -> HarnessReport | None:
    path = files.folder / "report.json"
    if not path.is_file():
        return None
    reports = decode(_bounded(path), dict[str, HarnessReport])
    if list(reports) != [files.instance_id]:
        raise ValueError(f"report.json is of {', '.join(reports) or 'no instance'}, not of {files.instance_id}")
    return reports[files.instance_id]


def _tests(report: HarnessReport) -> Iterator[tuple[str, str, bool]]:
    seen: dict[str, bool] = {}
    for name, kind in _KINDS.items():
        tests = (report.tests_status or {}).get(name, Tests())
        for passed, names in ((True, tests.success), (False, tests.failure)):
            for test in (clip_key(given, 1_000) for given in names):
                if test not in seen:
                    yield test, kind, passed
                elif seen[test] != passed:
                    raise ValueError(f"report.json lists test {clip(test, 200)!r} as passed and as failed")
                seen[test] = passed


def _ending(files: InstanceFiles, report: HarnessReport | None, *, has_tests: bool) -> tuple[str, str | None]:
    if has_tests:
        return "ok", None
    if report is not None and (report.patch_is_None or not report.patch_exists):
        return "format_failure", "no patch"
    told = _tail(files.folder / "test_output.txt") + _tail(files.folder / "run_instance.log")
    if _TIMED_OUT.search(told):
        return "limit", "the tests were stopped by the harness's time limit"
    if _NO_PATCH in told:
        return "format_failure", "the patch does not apply"
    return "error", "the evaluation broke before the tests had results (run_instance.log says why)"


def _agent(trajectory: Trajectory, outcome: dict[str, Any]) -> dict[str, Any]:
    """Lengths, and the limit that stopped the agent: its half-done patch does not count."""
    info, stats = trajectory.info, trajectory.info.model_stats or Stats()
    found: dict[str, Any] = {
        "n_actions": _count(stats.api_calls, 2**31),
        # mini-SWE-agent counts no tokens and leaves these out; SWE-agent writes 0 where the provider told none.
        "input_tokens": _count(stats.tokens_sent, 2**63) or None,
        "output_tokens": _count(stats.tokens_received, 2**63) or None,
        "cost_usd": stats.instance_cost
        if stats.instance_cost is not None and 0 <= stats.instance_cost < 1e12
        else None,
        "finish_reason": clip(info.exit_status, 100) if info.exit_status else None,
    }
    if outcome["status"] != "error" and _AGENT_LIMIT.search(info.exit_status or ""):
        found |= {"status": "limit", "error": f"the agent was stopped: {clip(info.exit_status or '', 100)}"}
    return found


def _count(value: int | None, bound: int) -> int | None:
    return value if value is not None and 0 <= value < bound else None


def _patch(files: InstanceFiles) -> str | None:
    path = files.folder / "patch.diff"
    return clip(_bounded(path).decode("utf-8", "replace"), _LONGEST_PATCH) or None if path.is_file() else None


def _bounded(path: Path) -> bytes:
    if (size := path.stat().st_size) > MAX_FILE_BYTES:
        raise ValueError(f"{path.name} has {size} bytes, over the limit of {MAX_FILE_BYTES}")
    return path.read_bytes()


def _tail(path: Path) -> bytes:
    """The end of a file that may be large; nothing if it is not there."""
    if not path.is_file():
        return b""
    with path.open("rb") as file:
        file.seek(-min(_TAIL_BYTES, path.stat().st_size), 2)
        return file.read()
