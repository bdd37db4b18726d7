from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace

import pytest

from synthetic.config import ConfigError, ExperimentConfig, ModelSize
from synthetic.model import Transformer, param_count
from synthetic.profiles import LAPTOP, PAPER, PROFILES, QUICK
from tests.synthetic.conftest import with_starts, with_training


def test_paper_profile_has_the_papers_numbers() -> None:
    assert (PAPER.problem.dimension, PAPER.problem.condition_number, PAPER.problem.step_norm) == (4, 50.0, 0.005)
    assert (PAPER.data.n_trajectories, PAPER.data.n_steps, PAPER.data.held_out_fraction) == (20_000, 4_096, 0.1)
    assert (PAPER.sequence_length, PAPER.training.batch_size) == (56, 1_024)
    standard = PAPER.rollout.starts[0]
    assert (standard.n_anchors * standard.n_replicates, PAPER.rollout.n_steps) == (4_096, 2_048)
    assert (PAPER.tokens.decimals, PAPER.training.n_steps, 0.0 in standard.temperatures) == (4, 65_000, True)
    published = (47e3, 200e3, 450e3, 790e3, 1.2e6, 4.7e6)
    for size, count in zip(PAPER.sizes, published, strict=True):
        assert PAPER.param_count(size.name) == pytest.approx(count, rel=0.12)


@pytest.mark.parametrize("config", PROFILES.values(), ids=PROFILES)
def test_counted_parameters_are_those_of_the_model(config: ExperimentConfig) -> None:
    for size in config.sizes:
        assert param_count(Transformer(size, config.sequence_length)) == config.param_count(size.name)


@pytest.mark.parametrize("config", PROFILES.values(), ids=PROFILES)
def test_every_anchor_has_at_least_thirty_replicates(config: ExperimentConfig) -> None:
    assert all(starts.n_replicates >= 30 for starts in config.rollout.starts)


def test_laptop_has_the_sizes_for_a_power_law() -> None:
    counts = [LAPTOP.param_count(size.name) for size in LAPTOP.sizes]
    assert len(counts) >= 3 and counts[-1] > 10 * counts[0]


def test_model_id_is_readable() -> None:
    def model_id(*shape: int, seed: int = 1) -> str:
        size = ModelSize("only", *shape, learning_rate=1e-3)
        return replace(QUICK, sizes=(size,), seeds=(5, seed)).model_id(f"only-s{seed}")

    assert model_id(1, 4, 1) == "optimizer-376-s1"
    assert model_id(4, 64, 4) == "optimizer-200k-s1"
    assert model_id(6, 256, 8, seed=12) == "optimizer-4.7m-s12"


def test_a_model_is_a_size_with_a_seed(tiny: ExperimentConfig) -> None:
    config = replace(tiny, seeds=(4, 7))
    assert [member.name for member in config.members] == ["one-s4", "one-s7", "two-s4", "two-s7"]
    assert config.problem_id == tiny.problem_id, "what was trained stays when seeds are added"
    assert tiny.with_seeds(3).seeds == (1, 2, 3)
    with pytest.raises(ConfigError, match="no model 'two-s1'"):
        config.member("two-s1")
    with pytest.raises(ConfigError, match=r"seeds = \[1, 1\].*each once"):
        replace(tiny, seeds=(1, 1))


def test_problem_id_follows_every_setting_but_the_profiles_name_and_seeds() -> None:
    assert replace(QUICK, profile="renamed", seeds=(8, 9)).problem_id == QUICK.problem_id
    changed = [
        replace(QUICK, problem=replace(QUICK.problem, seed=99)),
        replace(QUICK, tokens=replace(QUICK.tokens, decimals=3)),
        replace(QUICK, data=replace(QUICK.data, n_steps=7)),
        replace(QUICK, sizes=QUICK.sizes[:1]),
        with_training(QUICK, weight_decay=1e-9),
        with_starts(QUICK, jitter=0.5),
    ]
    assert len({config.problem_id for config in [QUICK, *changed]}) == 1 + len(changed)


def test_json_round_trip_is_exact() -> None:
    for config in PROFILES.values():
        assert ExperimentConfig.from_json(config.to_json()) == config


def test_json_with_an_unknown_or_missing_field_is_refused() -> None:
    text = QUICK.to_json()
    with pytest.raises(ConfigError, match="unknown fields"):
        ExperimentConfig.from_json(text.replace('"beta2"', '"beta3":0.5,"beta2"'))
    with pytest.raises(ConfigError, match="beta2"):
        ExperimentConfig.from_json(text.replace('"beta2"', '"beta3"'))
    with pytest.raises(ConfigError):
        ExperimentConfig.from_json("")


def test_configurations_that_cannot_be_run_are_refused() -> None:
    with pytest.raises(ConfigError, match="n_heads"):
        replace(QUICK, sizes=(ModelSize("odd", 1, 10, 3, 1e-3),))
    with pytest.raises(ConfigError, match="model_id"):
        replace(QUICK, sizes=(ModelSize("a", 1, 16, 2, 1e-3), ModelSize("b", 1, 16, 1, 1e-3)))
    with pytest.raises(ConfigError, match="'standard': temperatures"):
        with_starts(QUICK, temperatures=(-1.0,))
    with pytest.raises(ConfigError, match="each once"):
        with_starts(QUICK, temperatures=(1.0, 1.0))
    with pytest.raises(ConfigError, match="call the first one 'standard'"):
        with_starts(QUICK, name="other")
    with pytest.raises(ConfigError, match=r"rollout\.starts share a name"):
        replace(QUICK, rollout=replace(QUICK.rollout, starts=QUICK.rollout.starts[:1] * 2))
    with pytest.raises(ConfigError, match="held_out_fraction"):
        replace(QUICK, data=replace(QUICK.data, held_out_fraction=0.0))
    with pytest.raises(ConfigError, match="'huge'"):
        QUICK.size("huge")


def test_configurations_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        QUICK.problem.seed = 2  # type: ignore[misc]


def run_python(code: str, environment: dict[str, str]) -> str:
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=environment)
    return done.stdout.strip()


def test_finding_nothing_to_do_does_not_import_torch() -> None:
    code = "import sys, synthetic.experiment; print('torch' in sys.modules)"
    assert run_python(code, dict(os.environ)) == "False"


def test_threads_wait_passively_unless_the_user_says_otherwise() -> None:
    code = "import os, dagster_project.cli as cli\n"
    code += "cli.app = lambda *_, **__: print(os.environ['OMP_WAIT_POLICY'])\ncli.main()"
    environment = {key: value for key, value in os.environ.items() if key != "OMP_WAIT_POLICY"}
    assert run_python("import os, synthetic; print('OMP_WAIT_POLICY' in os.environ)", environment) == "False"
    assert run_python(code, environment) == "PASSIVE"
    assert run_python(code, {**environment, "OMP_WAIT_POLICY": "ACTIVE"}) == "ACTIVE"
