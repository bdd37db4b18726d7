from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from synthetic.checkpoint import CheckpointError, load_checkpoint, save_checkpoint
from synthetic.config import ConfigError, ExperimentConfig, StartsConfig
from synthetic.experiment import (
    StepResult,
    checkpoint_path,
    progress_path,
    train_model,
    write_problem,
)
from synthetic.machine import CPU, Machine, Slice, TimeIsUpError, World
from synthetic.quadratic import descend, make_quadratic
from synthetic.rolling import make_rollout, rollouts_of
from synthetic.rollouts import roll_out, rollout_starts
from synthetic.run import run_experiment
from tests.synthetic.conftest import with_training
from warehouse.keys import canonical_json
from warehouse.layout import Layout
from warehouse.schemas import RAW_TABLES


def roll_out_all(
    config: ExperimentConfig, member_name: str | None, layout: Layout, machine: Machine = CPU
) -> list[StepResult]:
    rollouts = rollouts_of(config, member_name)
    return [result for rollout in rollouts for result in make_rollout(rollout, config, layout, machine=machine)]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path)


def points_of(result: StepResult, config: ExperimentConfig, starts: StartsConfig) -> torch.Tensor:
    """A rollout file's points, shape (steps + 1, M · K, d)."""
    table = pq.read_table(result.path, partitioning=None)
    order = [table[name].to_numpy() for name in ("step", "start_id", "replicate")]
    shape = (config.rollout.n_steps + 1, starts.n_anchors, starts.n_replicates)
    assert np.array_equal(np.ravel_multi_index(tuple(order), shape), np.arange(np.prod(shape)))
    return torch.tensor(np.array(table["x"].to_pylist())).reshape(shape[0], shape[1] * shape[2], -1)


def test_the_problem_is_written_once(tiny: ExperimentConfig, layout: Layout) -> None:
    result = write_problem(tiny, layout)
    assert result.path == layout.raw / "synthetic_problems" / f"problem={tiny.problem_id}" / result.path.name
    (row,) = pq.read_table(result.path, partitioning=None).to_pylist()
    quadratic = make_quadratic(tiny.problem)
    assert row["a_matrix"] == quadratic.a.flatten().tolist()
    assert row["minimum"] == quadratic.b.tolist()
    eigenvalues = np.linalg.eigvalsh(np.reshape(row["a_matrix"], (2, 2)))
    assert row["condition_number"] == pytest.approx(eigenvalues[1] / eigenvalues[0], rel=1e-9)
    assert row["uniform_loss"] == pytest.approx((np.log(2) + 4 * np.log(10)) / 5, abs=1e-15)
    assert ExperimentConfig.from_json(row["config"]) == tiny
    assert write_problem(tiny, layout).was_skipped


def test_training_writes_losses_model_and_checkpoint(tiny: ExperimentConfig, layout: Layout) -> None:
    lines: list[str] = []
    result = train_model(tiny, "one-s1", layout, lines.append)
    assert result.checkpoint == layout.checkpoints / tiny.problem_id / f"{tiny.model_id('one-s1')}.safetensors"
    losses = pq.read_table(result.path, partitioning=None).to_pylist()
    assert len(losses) == result.n_rows == 6
    assert result.validation_loss == losses[-1]["loss"]
    assert {row["param_count"] for row in losses} == {result.param_count}
    (model,) = pq.read_table(layout.raw / "models", partitioning=None).to_pylist()
    assert (model["model_id"], model["param_count"]) == (tiny.model_id("one-s1"), result.param_count)
    assert (model["model_type"], model["source"], model["is_simulated"]) == ("optimizer", "synthetic", False)
    assert any("validation loss" in line for line in lines)


def test_a_trained_model_is_not_trained_again(tiny: ExperimentConfig, layout: Layout) -> None:
    first = train_model(tiny, "one-s1", layout)
    written = first.checkpoint.stat().st_mtime_ns
    lines: list[str] = []
    again = train_model(tiny, "one-s1", layout, lines.append)
    assert again.was_skipped
    assert again.checkpoint.stat().st_mtime_ns == written
    assert lines == [f"{tiny.model_id('one-s1')}: already trained, nothing to do ({first.checkpoint.name})"]


def test_a_broken_checkpoint_or_a_lost_file_is_made_again(tiny: ExperimentConfig, layout: Layout) -> None:
    first = train_model(tiny, "one-s1", layout)
    weights = first.checkpoint.read_bytes()
    first.checkpoint.write_bytes(b"broken")
    lines: list[str] = []
    assert not train_model(tiny, "one-s1", layout, lines.append).was_skipped
    assert "training again" in lines[0]
    assert first.checkpoint.read_bytes() == weights
    first.path.unlink()
    assert not train_model(tiny, "one-s1", layout).was_skipped


def test_another_configuration_lives_beside_the_first(tiny: ExperimentConfig, layout: Layout) -> None:
    first = train_model(tiny, "one-s1", layout)
    other = train_model(with_training(tiny, weight_decay=1e-3), "one-s1", layout)
    assert not other.was_skipped
    assert other.path != first.path
    assert train_model(tiny, "one-s1", layout).was_skipped


def test_rollouts_hold_every_point_of_model_and_teacher(tiny: ExperimentConfig, layout: Layout) -> None:
    train_model(tiny, "one-s1", layout)
    quadratic = make_quadratic(tiny.problem)
    standard, far = tiny.rollout.starts
    at = {starts.name: rollout_starts(tiny, starts, quadratic).flatten(0, 1) for starts in (standard, far)}

    results = roll_out_all(tiny, "one-s1", layout)
    model = load_checkpoint(checkpoint_path(tiny, "one-s1", layout), tiny, "one-s1")
    expected = [(standard, 0.0), (far, 0.0), (standard, 1.0)]
    for result, (starts, temperature) in zip(results, expected, strict=True):
        points = points_of(result, tiny, starts)
        assert torch.equal(points[0], at[starts.name])
        assert torch.equal(points[1:], *roll_out(model, at[starts.name], tiny, temperature))
        assert result.n_rows == 6 * starts.n_anchors * 4
        row = pq.read_table(result.path, partitioning=None).slice(7, 1).to_pylist()[0]
        assert (row["starts"], row["jitter"], row["start_scale"]) == (starts.name, 0.05, starts.scale)
        assert (row["temperature"], row["is_teacher"]) == (temperature, False)

    for result, starts in zip(roll_out_all(tiny, None, layout), (standard, far), strict=True):
        expected_points = descend(quadratic, at[starts.name], 5, tiny.problem.step_norm)
        assert torch.equal(points_of(result, tiny, starts), expected_points)
        assert set(pq.read_table(result.path, partitioning=None)["is_teacher"].to_pylist()) == {True}
    assert all(result.was_skipped for result in roll_out_all(tiny, "one-s1", layout) + roll_out_all(tiny, None, layout))


def test_new_weights_replace_their_rollouts_and_no_others(tiny: ExperimentConfig, layout: Layout) -> None:
    result = train_model(tiny, "one-s1", layout)
    old = roll_out_all(tiny, "one-s1", layout)
    model = load_checkpoint(result.checkpoint, tiny, "one-s1")
    with torch.no_grad():
        model.head.weight.mul_(-1)
    save_checkpoint(result.checkpoint, model, tiny, "one-s1")
    new = roll_out_all(tiny, "one-s1", layout)
    assert not any(each.was_skipped for each in new)
    left = set(layout.raw_table("synthetic_rollouts").rglob("*.parquet"))
    assert left == {each.path for each in new} and not left & {each.path for each in old}


@pytest.mark.parametrize("walker", ["one-s1", None])
def test_a_rollout_out_of_time_is_taken_up_again(
    tiny: ExperimentConfig, layout: Layout, monkeypatch: pytest.MonkeyPatch, walker: str | None
) -> None:
    monkeypatch.setattr("synthetic.rollout_files.SPAN_ROWS", 40)  # two steps of both distributions
    other = Layout(layout.root / "other")
    train_model(tiny, "one-s1", layout)
    train_model(tiny, "one-s1", other)
    for where in ("stopped at step 2/5", "stopped at step 4/5"):
        with pytest.raises(TimeIsUpError, match=where):
            roll_out_all(tiny, walker, layout, Machine(time_slice=Slice(minutes=0)))
        assert not list(layout.raw_table("synthetic_rollouts").rglob("*.parquet"))
    for cut, whole in zip(*(roll_out_all(tiny, walker, each) for each in (layout, other)), strict=True):
        tables = [pq.read_table(each.path, partitioning=None).drop("ingested_at") for each in (cut, whole)]
        assert tables[0].equals(tables[1])
    assert not list(layout.checkpoints.rglob("*.spans"))


def test_starts_roll_out_together_as_they_do_apart(tiny: ExperimentConfig, layout: Layout) -> None:
    wide = replace(tiny.rollout.starts[1], temperatures=(0.0, 1.0))
    config = replace(tiny, rollout=replace(tiny.rollout, starts=(tiny.rollout.starts[0], wide)))
    train_model(config, "one-s1", layout)
    together = {result.path: result.path.read_bytes() for result in roll_out_all(config, "one-s1", layout)}
    assert len(together) == 4
    for path in together:
        path.unlink()
    tables = [pq.read_table(pa.BufferReader(content), partitioning=None) for content in together.values()]
    for rollout in rollouts_of(config, "one-s1"):
        for starts in rollout.starts:
            (apart,) = make_rollout(replace(rollout, starts=(starts,)), config, layout)
            assert pq.read_table(apart.path, partitioning=None)["x"] == tables.pop(0)["x"]


def test_a_rollout_interrupted_between_two_files_is_taken_up_again(
    tiny: ExperimentConfig, layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("synthetic.rollout_files.SPAN_ROWS", 40)
    train_model(tiny, "one-s1", layout)
    (rollout, *_), other = rollouts_of(tiny, "one-s1"), Layout(layout.root / "other")
    train_model(tiny, "one-s1", other)
    with pytest.raises(TimeIsUpError):
        make_rollout(rollout, tiny, layout, machine=Machine(time_slice=Slice(minutes=0)))
    far = next(layout.checkpoints.rglob("*.far.*.spans"))
    max(far.iterdir()).unlink()
    for cut, whole in zip(make_rollout(rollout, tiny, layout), make_rollout(rollout, tiny, other), strict=True):
        tables = [pq.read_table(each.path, partitioning=None).drop("ingested_at") for each in (cut, whole)]
        assert tables[0].equals(tables[1])


def test_a_run_is_cut_into_slices_and_says_where_it_ran(tiny: ExperimentConfig, layout: Layout) -> None:
    config = with_training(tiny, n_steps=25)
    with pytest.raises(TimeIsUpError, match="step 10/25"):
        run_experiment(config, layout, Machine(time_slice=Slice(minutes=0)))
    lines: list[str] = []
    run_experiment(config, layout, CPU, lines.append)
    assert any("going on at step 10/25" in line for line in lines)
    n_files = sum(len(starts.temperatures) for starts in config.rollout.starts)
    assert len(list(layout.raw_table("synthetic_rollouts").rglob("*.parquet"))) == 2 * n_files + 2
    assert not list(layout.checkpoints.rglob("*.training.safetensors"))
    record = json.loads((layout.checkpoints / config.problem_id / "provenance.json").read_text())
    assert [run["outcome"].partition(":")[0] for run in record["runs"]] == ["TimeIsUpError", "finished"]
    assert record["runs"][0]["torch"] == torch.__version__
    assert ExperimentConfig.from_json(canonical_json(record["config"])) == config


def test_an_unfinished_training_that_is_not_what_it_should_be_is_refused(
    tiny: ExperimentConfig, layout: Layout
) -> None:
    config = with_training(tiny, n_steps=25)
    path = progress_path(config, "one-s1", layout)
    with pytest.raises(TimeIsUpError):
        train_model(config, "one-s1", layout, machine=Machine(time_slice=Slice(minutes=0)))
    kept = path.read_bytes()
    tensors = load_file(path)
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()

    save_file({**tensors, "exp_avg.head.weight": torch.zeros(2, 2)}, path, metadata)
    with pytest.raises(CheckpointError, match=r"'exp_avg.head.weight' has shape \(2, 2\)"):
        train_model(config, "one-s1", layout)
    save_file(tensors, path, {"experiment": metadata["experiment"].replace('"step":10', '"step":99')})
    with pytest.raises(CheckpointError, match="step = 99 of 25"):
        train_model(config, "one-s1", layout)
    save_file(tensors, path, {"experiment": metadata["experiment"].replace('"split"', '"spilt"')})
    with pytest.raises(CheckpointError, match="step or losses"):
        train_model(config, "one-s1", layout)
    path.write_bytes(pickle.dumps(tensors))
    with pytest.raises(CheckpointError, match="pickles are never loaded"):
        train_model(config, "one-s1", layout)
    path.write_bytes(kept)
    train_model(config, "one-s1", layout)


def test_processes_that_cannot_share_a_batch_equally_are_refused(tiny: ExperimentConfig, layout: Layout) -> None:
    with pytest.raises(ConfigError, match="32 pairs cannot be shared equally among 3 processes"):
        train_model(tiny, "one-s1", layout, machine=Machine(World(size=3)))


def test_rollouts_need_a_trained_model(tiny: ExperimentConfig, layout: Layout) -> None:
    with pytest.raises(CheckpointError, match="train the model first"):
        roll_out_all(tiny, "one-s1", layout)


def test_files_meet_the_contract(tiny: ExperimentConfig, layout: Layout) -> None:
    paths = {
        "synthetic_problems": write_problem(tiny, layout).path,
        "synthetic_training": train_model(tiny, "one-s1", layout).path,
        "synthetic_rollouts": roll_out_all(tiny, "one-s1", layout)[0].path,
    }
    for table, path in paths.items():
        assert pq.read_schema(path).equals(RAW_TABLES[table].schema)
