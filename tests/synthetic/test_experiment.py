from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from synthetic.checkpoint import CheckpointError, load_checkpoint
from synthetic.config import ExperimentConfig
from synthetic.experiment import (
    checkpoint_path,
    roll_out_model,
    roll_out_teacher,
    train_model,
    write_problem,
)
from synthetic.quadratic import descend, make_quadratic
from synthetic.rollouts import roll_out, rollout_starts
from tests.synthetic.conftest import with_training
from warehouse.layout import Layout
from warehouse.schemas import RAW_TABLES


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path)


def points_of(path: Path, config: ExperimentConfig) -> torch.Tensor:
    """A rollout file's points, shape (steps + 1, M, K, d)."""
    table = pq.read_table(path, partitioning=None)
    order = [table[name].to_numpy() for name in ("step", "start_id", "replicate")]
    settings = config.rollout
    shape = (settings.n_steps + 1, settings.n_anchors, settings.n_replicates)
    assert np.array_equal(np.ravel_multi_index(tuple(order), shape), np.arange(np.prod(shape)))
    return torch.tensor(np.array(table["x"].to_pylist())).reshape(*shape, -1)


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
    result = train_model(tiny, "one", layout, lines.append)
    assert result.checkpoint == layout.checkpoints / tiny.problem_id / f"{tiny.model_id('one')}.safetensors"
    losses = pq.read_table(result.path, partitioning=None).to_pylist()
    assert len(losses) == result.n_rows == 6
    assert result.validation_loss == losses[-1]["loss"]
    assert {row["param_count"] for row in losses} == {result.param_count}
    (model,) = pq.read_table(layout.raw / "models", partitioning=None).to_pylist()
    assert (model["model_id"], model["param_count"]) == (tiny.model_id("one"), result.param_count)
    assert (model["model_type"], model["source"], model["is_simulated"]) == ("optimizer", "synthetic", False)
    assert any("validation loss" in line for line in lines)


def test_a_trained_model_is_not_trained_again(tiny: ExperimentConfig, layout: Layout) -> None:
    first = train_model(tiny, "one", layout)
    written = first.checkpoint.stat().st_mtime_ns
    lines: list[str] = []
    again = train_model(tiny, "one", layout, lines.append)
    assert again.was_skipped
    assert again.checkpoint.stat().st_mtime_ns == written
    assert lines == [f"{tiny.model_id('one')}: already trained, nothing to do ({first.checkpoint.name})"]


def test_a_broken_checkpoint_or_a_lost_file_is_made_again(tiny: ExperimentConfig, layout: Layout) -> None:
    first = train_model(tiny, "one", layout)
    weights = first.checkpoint.read_bytes()
    first.checkpoint.write_bytes(b"broken")
    lines: list[str] = []
    assert not train_model(tiny, "one", layout, lines.append).was_skipped
    assert "training again" in lines[0]
    assert first.checkpoint.read_bytes() == weights
    first.path.unlink()
    assert not train_model(tiny, "one", layout).was_skipped


def test_another_configuration_lives_beside_the_first(tiny: ExperimentConfig, layout: Layout) -> None:
    first = train_model(tiny, "one", layout)
    other = train_model(with_training(tiny, weight_decay=1e-3), "one", layout)
    assert not other.was_skipped
    assert other.path != first.path
    assert train_model(tiny, "one", layout).was_skipped


def test_rollouts_hold_every_point_of_model_and_teacher(tiny: ExperimentConfig, layout: Layout) -> None:
    train_model(tiny, "one", layout)
    quadratic = make_quadratic(tiny.problem)
    starts = rollout_starts(tiny, quadratic)

    result = roll_out_model(tiny, "one", layout)
    model = load_checkpoint(checkpoint_path(tiny, "one", layout), tiny, "one")
    assert torch.equal(points_of(result.path, tiny), roll_out(model, starts, tiny))

    teacher = roll_out_teacher(tiny, layout)
    assert torch.equal(points_of(teacher.path, tiny), descend(quadratic, starts, 5, tiny.problem.step_norm))
    assert teacher.n_rows == result.n_rows == 6 * 3 * 4
    kinds = [
        set(pq.read_table(path, partitioning=None)["is_teacher"].to_pylist()) for path in (result.path, teacher.path)
    ]
    assert kinds == [{False}, {True}]
    assert roll_out_model(tiny, "one", layout).was_skipped
    assert roll_out_teacher(tiny, layout).was_skipped


def test_new_weights_replace_their_rollouts(tiny: ExperimentConfig, layout: Layout) -> None:
    result = train_model(tiny, "one", layout)
    old = roll_out_model(tiny, "one", layout)
    model = load_checkpoint(result.checkpoint, tiny, "one")
    with torch.no_grad():
        model.head.weight.mul_(-1)
    from synthetic.checkpoint import save_checkpoint

    save_checkpoint(result.checkpoint, model, tiny, "one")
    new = roll_out_model(tiny, "one", layout)
    assert not new.was_skipped
    assert [path for path in old.path.parent.iterdir() if path.suffix == ".parquet"] == [new.path]


def test_rollouts_need_a_trained_model(tiny: ExperimentConfig, layout: Layout) -> None:
    with pytest.raises(CheckpointError, match="train the model first"):
        roll_out_model(tiny, "one", layout)


def test_files_meet_the_contract(tiny: ExperimentConfig, layout: Layout) -> None:
    paths = {
        "synthetic_problems": write_problem(tiny, layout).path,
        "synthetic_training": train_model(tiny, "one", layout).path,
        "synthetic_rollouts": roll_out_model(tiny, "one", layout).path,
    }
    for table, path in paths.items():
        assert pq.read_schema(path).equals(RAW_TABLES[table].schema)
