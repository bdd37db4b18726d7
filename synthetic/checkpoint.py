"""Checkpoints: safetensors files that carry the configuration they were trained under.

Pickles are never loaded: a pickle runs code. A file is accepted only if it is safetensors, names its configuration and
size, and holds exactly the tensors that this configuration asks for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synthetic.config import CODE_VERSION, NOT_IN_PROBLEM_ID, ConfigError, ExperimentConfig
from warehouse.keys import canonical_json
from warehouse.parquet import atomic_path

# torch takes seconds to import, so only the functions that touch weights do.

METADATA_KEY = "experiment"
"""One key, because safetensors writes several in no fixed order, and equal checkpoints should be equal bytes."""


class CheckpointError(ValueError):
    """A file that is not the checkpoint it should be; the message names file, problem and fix."""


@dataclass(frozen=True)
class CheckpointHeader:
    """What a checkpoint says about itself.

    Attributes:
        config: the whole experiment.
        member_name: which of its models this is.
    """

    config: ExperimentConfig
    member_name: str


def save_checkpoint(path: Path, model: Any, config: ExperimentConfig, member_name: str) -> None:
    """Write the weights of a `Transformer` and its configuration, atomically."""
    save_weights(path, model, {"code_version": CODE_VERSION, "config": config.as_dict(), "model": member_name})


def save_weights(path: Path, model: Any, experiment: dict[str, Any]) -> None:
    """Write a module's tensors, and `experiment` as canonical JSON in the file's metadata, atomically."""
    save_tensors(path, model.state_dict(), experiment)


def save_tensors(path: Path, tensors: Mapping[str, Any], experiment: dict[str, Any]) -> None:
    """Write tensors, and `experiment` as canonical JSON in the file's metadata, atomically."""
    from safetensors.torch import save_file

    on_cpu = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    with atomic_path(path) as temporary:
        save_file(on_cpu, temporary, metadata={METADATA_KEY: canonical_json(experiment)})


def read_header(path: Path) -> CheckpointHeader:
    """The configuration that a checkpoint carries, without reading its weights.

    Raises:
        CheckpointError: if the file is missing, not safetensors, not one of ours, or from another version of the code.
    """
    experiment = read_experiment(path)
    try:
        version, settings, member_name = (experiment[key] for key in ("code_version", "config", "model"))
    except KeyError as error:
        raise CheckpointError(
            f"{path}: metadata {METADATA_KEY!r} does not hold code_version, config and model; delete it and train again"
        ) from error
    if version != CODE_VERSION:
        raise CheckpointError(f"{path}: written by code version {version!r}, this is {CODE_VERSION}; train again")
    try:
        config = ExperimentConfig.from_json(canonical_json(settings))
        config.member(member_name)
    except ConfigError as error:
        raise CheckpointError(f"{path}: metadata {METADATA_KEY!r}: {error}") from error
    return CheckpointHeader(config=config, member_name=member_name)


def read_experiment(path: Path) -> dict[str, Any]:
    """What `save_weights` put into a file's metadata, without reading its tensors.

    Raises:
        CheckpointError: if the file is missing, not safetensors, or carries no such metadata.
    """
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise CheckpointError(f"{path}: no such checkpoint; train the model first")
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
    except (SafetensorError, OSError) as error:
        with path.open("rb") as handle:
            start = handle.read(2)
        # Asked only now: a safetensors file begins with a length, and may well begin with these bytes.
        if start[:1] == b"\x80" or start == b"PK":
            raise CheckpointError(
                f"{path}: this is a pickle, and pickles are never loaded because they can run code; "
                "save the weights with synthetic.checkpoint.save_checkpoint"
            ) from error
        raise CheckpointError(f"{path}: not a safetensors file ({error}); delete it and train again") from error
    try:
        experiment = json.loads(metadata.get(METADATA_KEY, ""))
    except ValueError as error:
        raise CheckpointError(f"{path}: metadata {METADATA_KEY!r} is no JSON; delete it and train again") from error
    if not isinstance(experiment, dict):
        raise CheckpointError(f"{path}: metadata {METADATA_KEY!r} is no JSON object; delete it and train again")
    return experiment


def check_header(path: Path, config: ExperimentConfig, member_name: str) -> None:
    """Make sure that a checkpoint was trained under exactly this configuration (its name and other seeds aside).

    Raises:
        CheckpointError: if not; names the first field that differs.
    """
    if _says(read_experiment(path), config, member_name):
        return
    header = read_header(path)
    if header.member_name != member_name:
        raise CheckpointError(f"{path}: holds model {header.member_name!r}, expected {member_name!r}")
    if header.config.problem_id != config.problem_id:
        field, found, expected = _first_difference(header.config.as_dict(), config.as_dict())
        raise CheckpointError(
            f"{path}: trained under {field} = {found!r}, expected {expected!r}; delete the file and train again"
        )


def load_checkpoint(path: Path, config: ExperimentConfig, member_name: str, device: str = "cpu") -> Any:
    """The `Transformer` of a checkpoint that was trained under exactly this configuration.

    Raises:
        CheckpointError: see `read_header`, `check_header` and `load_weights`.
    """
    from synthetic.model import Transformer

    check_header(path, config, member_name)
    model = Transformer(config.member(member_name).size, config.sequence_length).to(device)
    load_weights(path, model, device)
    return model.eval()


def load_weights(path: Path, model: Any, device: str = "cpu") -> None:
    """Fill a module with the tensors of a file.

    Raises:
        CheckpointError: see `load_tensors`.
    """
    model.load_state_dict(load_tensors(path, model.state_dict(), device))


def load_tensors(path: Path, expected: Mapping[str, Any], device: str = "cpu") -> dict[str, Any]:
    """The tensors of a file, which must be those expected, by name, shape and type.

    Raises:
        CheckpointError: when the file cannot be read, or when tensors are missing, unknown, of another shape or type,
            or not finite.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        weights = load_file(path, device=device)
    except SafetensorError as error:
        raise CheckpointError(f"{path}: cannot read its tensors ({error}); delete it and train again") from error
    if odd := sorted(set(weights) ^ set(expected)):
        kind = "missing" if odd[0] in expected else "unknown"
        raise CheckpointError(f"{path}: tensor {odd[0]!r} is {kind}; delete the file and train again")
    for name, value in weights.items():
        if value.shape != expected[name].shape or value.dtype != expected[name].dtype:
            raise CheckpointError(
                f"{path}: tensor {name!r} has shape {tuple(value.shape)} and type {value.dtype}, "
                f"expected {tuple(expected[name].shape)} and {expected[name].dtype}; delete the file and train again"
            )
        if not bool(torch.isfinite(value).all()):
            raise CheckpointError(f"{path}: tensor {name!r} holds NaN or infinities; delete the file and train again")
    return dict(weights)


def fingerprint(path: Path) -> str:
    """The first 16 hexadecimal digits of the file's SHA-256: names what was made from these weights."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()[:16]


def _says(experiment: Mapping[str, Any], config: ExperimentConfig, member_name: str) -> bool:
    """Whether a file's metadata names exactly this model; found without reading the settings as such."""
    settings, of_version = experiment.get("config"), experiment.get("code_version") == CODE_VERSION
    is_same = of_version and isinstance(settings, dict) and ExperimentConfig.id_of(settings) == config.problem_id
    return is_same and experiment.get("model") == member_name


def _first_difference(found: Any, expected: Any, name: str = "config") -> tuple[str, Any, Any]:
    if isinstance(found, dict) and isinstance(expected, dict):
        for key in expected:
            if key not in NOT_IN_PROBLEM_ID and found[key] != expected[key]:
                return _first_difference(found[key], expected[key], f"{name}.{key}")
    return name, found, expected
