"""Reading the SWE-bench harness: the folder of one run of one model, `run_evaluation/<run_id>/<model>/<instance>/`.

The unit is the run's folder and not each `report.json`: thirty runs of 500 instances are thirty imports. Every run id
is a repeat of the same items; a number at its end is the epoch. Submissions in the layout of SWE-bench/experiments
(`<submission>/logs/<instance>/`) are the same with one folder less.

The harness knows nothing of the agent. What it took is read from the agent's trajectories where they lie beside: in
the instance's folder, or in `trajs/` in or beside the run's folder.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from ingestion.conditions import settings_row
from ingestion.logs.json_text import BAD_JSON, decode, why
from ingestion.logs.records import Notice, Record, RefusedFileError, Row, Run, ScoredBy, Unreadable
from ingestion.logs.swe_bench.instance import INSTANCE_FILES, InstanceFiles, RunKeys, instance_rows
from ingestion.text import clip
from warehouse.keys import answer_key_id

TASK = "swe_bench"
"""All editions (full, Verified, Lite, Multimodal …) share their instance ids, so they are one task."""

MAX_SUMMARY_BYTES = 64 * 2**20
"""Largest summary of a run that is read."""

_INSTANCE = re.compile(r"[\w.\-]+__[\w.\-]+-\w+")
_LAST_NUMBER = re.compile(r"(?:^|\D)(\d{1,4})$")
_SNIFFED_FOLDERS = 20


class Summary(msgspec.Struct):
    """`<model>.<run_id>.json`, which the harness writes where it was started."""

    empty_patch_ids: list[str] = []


class SweBenchFormat:
    """Folders of the SWE-bench harness."""

    name = "swe_bench"
    suffixes: tuple[str, ...] = ()
    reader_version = 2

    def is_current(self, version: int) -> bool:
        """Whether that is the version."""
        return version == self.reader_version

    def sniff(self, path: Path) -> bool:
        """Whether it is a folder with folders named as instances, one of which has a file of the harness."""
        try:
            with os.scandir(path) as entries:
                instances = (entry.path for entry in entries if _INSTANCE.fullmatch(entry.name))
                return any(
                    Path(folder, name).is_file()
                    for folder in itertools.islice(instances, _SNIFFED_FOLDERS)
                    for name in INSTANCE_FILES
                )
        except OSError:
            return False

    def run_of(self, path: Path) -> Path | None:
        """The run's folder, if the path is an instance's folder or a file in it."""
        folders = (path.parent, path.parent.parent)
        return next((folder for folder in folders if self.sniff(folder)), None)

    def companions(self, path: Path) -> tuple[Path, ...]:
        """Every file that is read."""
        files = [file for instance in _instances(path) for file in instance.present()]
        summary = _summary_path(path)
        return (*files, summary) if summary else tuple(files)

    def read(self, path: Path) -> Iterator[Record]:
        """The run, then its model and condition, one sample for each instance with its unit tests."""
        if not path.is_dir():
            raise RefusedFileError("a run of the SWE-bench harness is a folder: logs/run_evaluation/<run_id>/<model>")
        run_id, model_id = _names(path)
        yield Run(run_id, "success", TASK, model_id, None)
        yield ScoredBy("the harness's tests")
        condition = settings_row("open_ended", {"harness": "swe-bench"}, {}, None)
        yield Row("conditions", condition)
        yield Row("models", {"model_id": model_id, "is_simulated": False})
        keys = RunKeys(
            task=TASK,
            model_id=model_id,
            condition_id=condition["condition_id"],
            answer_key_id=answer_key_id(None, None),
            run_id=run_id,
            epoch=_epoch(run_id),
        )
        n_read = n_without_trajectory = 0
        for instance in _instances(path):
            try:
                yield from instance_rows(instance, keys)
            except (OSError, *BAD_JSON) as error:
                reason = str(error.strerror) if isinstance(error, OSError) else why(error)
                yield Unreadable(clip(instance.instance_id, 300), reason)
                continue
            n_read += 1
            n_without_trajectory += instance.trajectory is None
        yield from _empty_patches(path, keys)
        if not n_read:
            raise RefusedFileError("no instance of this run can be read; is the folder complete?")
        if n_without_trajectory == n_read:
            yield Notice(
                "no trajectories beside it, so lengths and the agent's limits are unknown: put them into trajs/ in the "
                "run's folder"
            )


def _instances(run: Path) -> Iterator[InstanceFiles]:
    trajectories = _trajectories(run)
    for folder in sorted(run.iterdir()):
        if _INSTANCE.fullmatch(folder.name) and folder.is_dir():
            yield InstanceFiles(folder, trajectories.get(folder.name) or _trajectory_in(folder))


def _trajectories(run: Path) -> dict[str, Path]:
    """By instance, the trajectory in `trajs/`: `<instance>.traj`, `.traj.json`, or the same in a folder of its own."""
    found: dict[str, Path] = {}
    for folder in (run / "trajs", run.parent / "trajs"):
        if folder.is_dir():
            for entry in sorted(folder.iterdir()):
                path = _trajectory_in(entry) if entry.is_dir() else entry if _is_trajectory(entry) else None
                if path is not None:
                    found.setdefault(path.name.partition(".traj")[0], path)
    return found


def _trajectory_in(folder: Path) -> Path | None:
    return next((path for path in sorted(folder.iterdir()) if _is_trajectory(path)), None)


def _is_trajectory(path: Path) -> bool:
    return path.name.endswith((".traj", ".traj.json"))


def _names(run: Path) -> tuple[str, str]:
    """Run id and model of a folder. The harness writes a slash of the model's name as two underscores."""
    run = run.resolve()
    run_id, model = (run.parent.name, run.parent.name) if run.name == "logs" else (run.parent.name, run.name)
    return clip(run_id, 500), clip(model.replace("__", "/") if model.count("__") == 1 else model, 500)


def _epoch(run_id: str) -> int:
    match = _LAST_NUMBER.search(run_id)
    return max(int(match[1]), 1) if match else 1


def _summary_path(run: Path) -> Path | None:
    name = f"{run.name}.{run.parent.name}.json"
    folders = [run.parent, *run.parent.parents][:4]
    return next((folder / name for folder in folders if (folder / name).is_file()), None)


def _empty_patches(run: Path, keys: RunKeys) -> Iterator[Record]:
    """Instances without a patch: the harness does not run them, so only its summary knows them."""
    path = _summary_path(run)
    if path is None:
        return
    try:
        if path.stat().st_size > MAX_SUMMARY_BYTES:
            raise ValueError(f"over the limit of {MAX_SUMMARY_BYTES} bytes")
        summary = decode(path.read_bytes(), Summary)
    except (OSError, *BAD_JSON) as error:
        yield Unreadable(clip(path.name, 300), f"the run's summary cannot be read ({error}); empty patches are unknown")
        return
    evaluated = {instance.instance_id for instance in _instances(run)}
    for instance_id in dict.fromkeys(summary.empty_patch_ids):
        if instance_id not in evaluated:
            yield from keys.rows(instance_id, {"status": "format_failure", "score": 0.0, "error": "no patch"})
