"""The reference run for a GPU, rehearsed on the CPU: nothing of it may wait for the day when a GPU is there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from safetensors.torch import load_file

from benchmarks import gpu_parcel, gpu_reference, gpu_rollouts
from benchmarks.gpu_reference import REHEARSAL, TIME_IS_UP
from synthetic.config import TEACHER_ID
from synthetic.model import Transformer
from synthetic.profiles import PAPER
from synthetic.quadratic import make_quadratic
from warehouse.layout import PROJECT_ROOT

WITH_FEW_PACKAGES = """
import sys
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
import re

known, waiting = set(), ["torch", "numpy", "pyarrow", "safetensors", "transformers"]
while waiting:
    name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
    if name in known:
        continue
    known.add(name)
    try:
        needs = [need for need in requires(name) or () if "extra ==" not in need]
    except PackageNotFoundError:
        continue
    waiting += [re.match(r"[\\w.-]+", need)[0] for need in needs]
absent = {
    module for module, owners in packages_distributions().items()
    if not any(re.sub(r"[-_.]+", "-", owner).lower() in known for owner in owners)
}
absent -= {"warehouse", "synthetic", "dagster_project", "ingestion", "benchmarks"}
assert {"msgspec", "duckdb", "polars", "dagster"} <= absent, absent


class Without:
    def __init__(self, finder):
        self.finder = finder

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent | {"dagster_project", "ingestion"}:
            return None
        return self.finder.find_spec(name, path, target)

    def __getattr__(self, name):
        return getattr(self.finder, name)


sys.meta_path[:] = [Without(finder) for finder in sys.meta_path if hasattr(finder, "find_spec")]
import torch
torch.set_num_threads(1)
from benchmarks import bench_synthetic, gpu_measures, synthetic_peak
bench_synthetic.N_POINTS, synthetic_peak.EDGE["cpu"], gpu_measures.ROUNDS = 64, 128, 1  # the full ones are for a GPU
from benchmarks.gpu_reference import main
status = main(["--rehearse", "--device", "cpu", "--out", sys.argv[1]])
print("CHECKED", status)
print("MEASURED", main(["--rehearse", "--device", "cpu", "--minutes", "30", "--out", sys.argv[1]]))
"""

ALL = ["--rehearse", "--device", "cpu", "--minutes", "30", "--measured"]


def report_of(folder: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return report


def outcomes(folder: Path) -> dict[str, str]:
    return {entry["step"]: entry["outcome"] for entry in report_of(folder)["steps"]}


def test_all_of_it_runs_with_nothing_but_the_packages_of_a_gpu_machine(tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = subprocess.run(
        [sys.executable, "-c", WITH_FEW_PACKAGES, str(out)], cwd=PROJECT_ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "CHECKED 0" in done.stdout and "MEASURED 0" in done.stdout, done.stdout
    assert "decoder one" in done.stdout and "side by side one" in done.stdout
    report = report_of(out)
    assert {"torch", "device", "started_at", "commit"} <= report.keys() and report["seeds"] == [1]
    numbers = {entry["step"]: entry.get("numbers", {}) for entry in report["steps"]}
    assert numbers["measure training two"]["ratio"] > 0 and numbers["measure rollouts two"]["wanted"] == 20
    assert 0 < numbers["measure training two"]["share_of_peak"] < 1
    assert numbers["projection"]["all_sizes"] and numbers["projection"]["sum"] > 0
    files = {path.name: path.stat().st_size for path in out.iterdir()}
    assert files.keys() == {"report.json", "weights-0.safetensors", "losses.parquet", "rollouts.parquet"}
    rollouts = pq.read_table(out / "rollouts.parquet")
    assert set(rollouts["model_id"].to_pylist()) == {
        TEACHER_ID,
        *(REHEARSAL.model_id(f"{n}-s1") for n in ("one", "two")),
    }
    assert set(rollouts["step"].to_pylist()) == {0, 4}
    (error, bias_sq, variance) = (rollouts[name].to_numpy() for name in ("error", "bias_sq", "variance"))
    assert error == pytest.approx(bias_sq + variance, rel=1e-5)


def test_a_later_run_goes_on_where_the_last_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, first, second = (tmp_path / name for name in ("whole", "first", "second"))
    assert gpu_reference.main([*ALL, "--out", str(whole)]) == 0

    class Three:  # looks at the clock that are still in time: the teacher, the first size, ten steps of it
        left = 3

        @property
        def is_over(self) -> bool:
            self.left -= 1
            return self.left < 0

    with monkeypatch.context() as patch:
        patch.setattr(gpu_reference, "Slice", lambda *_: Three())
        assert gpu_reference.main([*ALL, "--out", str(first)]) == TIME_IS_UP
    assert outcomes(first)["train one"] == "time is up"
    assert "unfinished-0.safetensors" in {path.name for path in first.iterdir()}
    assert gpu_reference.main([*ALL, "--from", str(first), "--out", str(second)]) == 0
    assert "unfinished-0.safetensors" not in {path.name for path in second.iterdir()}
    losses = [pq.read_table(folder / "losses.parquet") for folder in (whole, second)]
    assert losses[0].drop(["ingested_at", "loss"]).equals(losses[1].drop(["ingested_at", "loss"]))
    # The optimizer's moments travel in bfloat16: nearly the same, not the same.
    assert losses[1]["loss"].to_numpy() == pytest.approx(losses[0]["loss"].to_numpy(), rel=0.02)

    again = tmp_path / "again"
    assert gpu_reference.main([*ALL, "--from", str(second), "--out", str(again)]) == 0
    assert report_of(again)["steps"][0]["numbers"]["models"] == ["one-s1", "two-s1"]
    weights = [load_file(folder / "weights-0.safetensors") for folder in (second, again)]
    assert all(bool((weights[0][name] == value).all()) for name, value in weights[1].items())
    assert pq.read_table(again / "rollouts.parquet").equals(pq.read_table(second / "rollouts.parquet"))


def breaks(*_: object, **__: object) -> None:
    raise RuntimeError("CUDA error: injected")


@pytest.mark.parametrize(
    ("where", "failed"),
    [
        ("synthetic.experiment.train_models", {"train one", "train two"}),
        ("benchmarks.gpu_rollouts.Rollouts.make", {"roll out the teacher", "roll out one-s1", "roll out two-s1"}),
        ("benchmarks.gpu_parcel.pack", {"pack"}),
    ],
)
def test_a_step_that_fails_is_reported_and_does_not_stop_the_rest(
    where: str, failed: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(where, breaks)
    assert gpu_reference.main([*ALL, "--out", str(tmp_path)]) == 1
    found = outcomes(tmp_path)
    assert {name for name, outcome in found.items() if outcome == "failed"} == failed
    assert {name for name, outcome in found.items() if outcome == "done"} == set(found) - failed
    assert any("injected" in entry.get("traceback", "") for entry in report_of(tmp_path)["steps"])


def test_checks_and_measurements_that_fail_are_reported_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checks = ("decoder", "training", "side_by_side")
    for name in checks:
        monkeypatch.setattr(f"benchmarks.gpu_checks.{name}", breaks)
    assert gpu_reference.main(["--rehearse", "--device", "cpu", "--out", str(tmp_path)]) == 1
    assert set(outcomes(tmp_path).values()) == {"failed"} and len(outcomes(tmp_path)) == 4
    for name in ("peak", "training", "rollouts", "side_by_side"):
        monkeypatch.setattr(f"benchmarks.gpu_measures.Speeds.{name}", breaks)
    monkeypatch.setattr(gpu_reference, "go_on", lambda *_: None)
    assert gpu_reference.main([*ALL[:-1], "--out", str(tmp_path)]) == 1
    found = outcomes(tmp_path)
    assert found.pop("projection") == "done" and set(found.values()) == {"failed"}


def test_a_folder_that_cannot_be_read_is_not_replaced_by_less(tmp_path: Path) -> None:
    (tmp_path / "weights-0.safetensors").write_bytes(b"broken")
    assert gpu_reference.main([*ALL, "--from", str(tmp_path), "--out", str(tmp_path)]) == 1
    assert outcomes(tmp_path) == {"unpack": "failed"}
    assert (tmp_path / "weights-0.safetensors").read_bytes() == b"broken"


def test_large_results_are_split_and_too_large_ones_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert gpu_reference.main([*ALL, "--out", str(tmp_path)]) == 0
    whole = load_file(tmp_path / "weights-0.safetensors")
    # Room for 6 KB of tensors in a file, so that models of 10 KB take two.
    monkeypatch.setattr(gpu_parcel, "HEADER_BYTES", gpu_parcel.MAX_FILE_BYTES - 6_144)
    out = tmp_path / "pieces"
    assert gpu_reference.main([*ALL, "--from", str(tmp_path), "--out", str(out)]) == 0
    pieces = sorted(out.glob("weights-*.safetensors"))
    assert len(pieces) > 1
    found = {name: value for path in pieces for name, value in load_file(path).items()}
    assert found.keys() == whole.keys()
    assert all(bool((found[name] == value).all()) for name, value in whole.items())
    assert gpu_reference.main([*ALL, "--from", str(out), "--out", str(tmp_path / "again")]) == 0, "pieces are read back"
    monkeypatch.setattr(gpu_parcel, "MAX_FILES", 3)
    assert gpu_reference.main([*ALL, "--from", str(tmp_path), "--out", str(tmp_path)]) == 1
    assert outcomes(tmp_path)["pack"] == "failed"
    assert load_file(tmp_path / "weights-0.safetensors").keys() == whole.keys(), "what was there stays"


def test_the_largest_size_of_the_paper_fits_while_it_is_trained(tmp_path: Path) -> None:
    *finished, largest = PAPER.sizes
    models = {size.name: Transformer(size, PAPER.sequence_length).state_dict() for size in PAPER.sizes}
    half = {f"{size.name}/{name}": value.half() for size in finished for name, value in models[size.name].items()}
    training = dict(models[largest.name])
    for moment in ("exp_avg", "exp_avg_sq"):
        training |= {f"{moment}.{name}": value.bfloat16() for name, value in models[largest.name].items()}
    gpu_parcel._write_pieces(tmp_path, "weights", half, {})
    gpu_parcel._write_pieces(tmp_path, "unfinished", training, {})
    for table in ("losses", "rollouts"):  # as large as they may get
        (tmp_path / f"{table}.parquet").write_bytes(b"x" * 8 * 2**20)
    gpu_parcel._check(tmp_path)
    assert len(list(tmp_path.iterdir())) + 1 == 7


def test_moments_are_those_of_their_points() -> None:
    assert gpu_rollouts._kept(70) == [0, 32, 64, 70]
    starts, quadratic = REHEARSAL.rollout.starts[0], make_quadratic(REHEARSAL.problem)
    kept = gpu_rollouts._kept(REHEARSAL.rollout.n_steps)
    points = torch.randn(len(kept), starts.n_points, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    table = gpu_rollouts.moments(REHEARSAL, quadratic, "m", starts, 0.0, points)
    assert table["step"].to_pylist() == [step for step in kept for _ in range(starts.n_anchors)]
    assert table["start_id"].to_pylist() == [*range(starts.n_anchors)] * len(kept)
    a, b = quadratic.a.double().numpy(), quadratic.b.double().numpy()
    place = 0
    for step in points.numpy():
        for anchor in range(starts.n_anchors):  # replicates of one anchor lie side by side
            offsets = step[anchor * starts.n_replicates : (anchor + 1) * starts.n_replicates] - b
            mean = offsets.mean(0)
            row = {name: table[name][place].as_py() for name in ("mean_offset", "error", "bias_sq", "variance")}
            assert row["mean_offset"] == pytest.approx(mean.tolist(), rel=1e-5)
            assert row["error"] == pytest.approx(np.mean([v @ a @ v for v in offsets]), rel=1e-5)
            assert row["bias_sq"] == pytest.approx(mean @ a @ mean, rel=1e-5)
            assert row["variance"] == pytest.approx(np.mean([(v - mean) @ a @ (v - mean) for v in offsets]), rel=1e-5)
            place += 1
    assert place == table.num_rows


def test_what_a_gpu_machine_is_asked_to_run_fits() -> None:
    text = (PROJECT_ROOT / "docs" / "synthetic.md").read_text(encoding="utf-8")
    commands = [line for line in text.splitlines() if "benchmarks.gpu_reference" in line and "$OUT" in line]
    assert len(commands) >= 2 and all(len(command) <= 2_000 for command in commands)
