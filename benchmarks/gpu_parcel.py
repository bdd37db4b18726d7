"""What a run on a borrowed GPU brings home, and takes along next time: a folder of few and small files.

| file | what |
|---|---|
| `report.json` | every step with its outcome and numbers, where and how long it ran |
| `weights-N.safetensors` | finished models, in half precision |
| `losses.parquet` | their loss curves |
| `unfinished-N.safetensors` | models in training: weights, and the optimizer's moments in bfloat16 |
| `rollouts.parquet` | mean, error, bias² and variance of every starting point at some steps |
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from synthetic.checkpoint import METADATA_KEY, load_checkpoint, read_experiment, save_tensors
from synthetic.config import ExperimentConfig
from synthetic.experiment import checkpoint_path, losses_path, progress_path, write_trained
from synthetic.model import Transformer
from synthetic.training_state import LossRow
from warehouse.keys import canonical_json
from warehouse.layout import Layout

MAX_FILES, MAX_FILE_BYTES, MAX_BYTES = 8, 16 * 2**20, 60 * 2**20

REPORT, LOSSES, ROLLOUTS = "report.json", "losses.parquet", "rollouts.parquet"

HEADER_BYTES = 2**17
"""Left free in each file for names, shapes and the losses of an unfinished training."""


class ParcelError(RuntimeError):
    """A folder that breaks the limits, or does not belong to the experiment."""


def pack(config: ExperimentConfig, layout: Layout, rollouts: pa.Table | None, folder: Path) -> None:
    """Replace what the folder holds, but for the report.

    Raises:
        ParcelError: if it would not keep to the limits; the folder is then left as it was.
    """
    with tempfile.TemporaryDirectory() as name:
        made = Path(name)
        finished = [each.name for each in config.members if checkpoint_path(config, each.name, layout).is_file()]
        weights: dict[str, Tensor] = {}
        for member in finished:
            model = load_checkpoint(checkpoint_path(config, member, layout), config, member)
            weights |= {f"{member}/{tensor}": value.half() for tensor, value in model.state_dict().items()}
        _write_pieces(made, "weights", weights, {"config": config.as_dict(), "models": finished})
        if finished:
            tables = [pq.read_table(losses_path(config, member, layout), partitioning=None) for member in finished]
            pq.write_table(pa.concat_tables(tables), made / LOSSES, compression="zstd")
        if rollouts is not None:
            pq.write_table(rollouts, made / ROLLOUTS, compression="zstd")
        _pack_unfinished(config, layout, made)
        _check(made)
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            if old.name != REPORT:
                old.unlink()
        for path in made.iterdir():
            shutil.copyfile(path, folder / path.name)


def _pack_unfinished(config: ExperimentConfig, layout: Layout, made: Path) -> None:
    tensors: dict[str, Tensor] = {}
    about: dict[str, Any] = {}
    for each in config.members:
        path = progress_path(config, each.name, layout)
        if not path.is_file():
            continue
        about[each.name] = read_experiment(path)
        for name, value in load_file(path).items():
            is_moment = name.startswith("exp_avg")
            tensors[f"{each.name}/{name}"] = value.to(torch.bfloat16) if is_moment else value
    _write_pieces(made, "unfinished", tensors, {"models": about})


def unpack(folder: Path, config: ExperimentConfig, layout: Layout) -> pa.Table | None:
    """Put finished and unfinished models where a training looks for them; return the rollouts.

    Raises:
        ParcelError: if the folder is of another experiment.
    """
    weights, about = _read_pieces(folder, "weights")
    if about and ExperimentConfig.id_of(about["config"]) != config.problem_id:
        raise ParcelError(
            f"{folder}: holds another experiment than profile {config.profile!r}; use a folder of its own"
        )
    for member in about.get("models", []):
        size = config.member(member).size
        model = Transformer(size, config.sequence_length)
        model.load_state_dict({name: value.float() for name, value in _of(weights, member)})
        losses = pq.read_table(folder / LOSSES, filters=[("model_id", "=", config.model_id(member))])
        columns = losses.select(list(LossRow.__dataclass_fields__)).to_pylist()
        write_trained(config, member, layout, model, [LossRow(**row) for row in columns])
    tensors, about = _read_pieces(folder, "unfinished")
    for member, experiment in about.get("models", {}).items():
        restored = {name: value.float() for name, value in _of(tensors, member)}
        save_tensors(progress_path(config, member, layout), restored, experiment)
    path = folder / ROLLOUTS
    return pq.read_table(path) if path.is_file() else None


def _of(tensors: Mapping[str, Tensor], member: str) -> Iterator[tuple[str, Tensor]]:
    for name, value in tensors.items():
        if name.startswith(f"{member}/"):
            yield name.removeprefix(f"{member}/"), value


def _write_pieces(folder: Path, stem: str, tensors: Mapping[str, Tensor], about: Mapping[str, Any]) -> None:
    """Tensors in as few files as the largest size of a file allows; the first says what they are."""
    pieces: list[dict[str, Tensor]] = []
    room = 0
    for name, value in tensors.items():
        n_bytes = value.numel() * value.element_size()
        if n_bytes > room:
            pieces.append({})
            room = MAX_FILE_BYTES - HEADER_BYTES
        pieces[-1][name] = value.contiguous()
        room -= n_bytes
    for number, piece in enumerate(pieces):
        metadata = {METADATA_KEY: canonical_json(dict(about))} if number == 0 else None
        save_file(piece, folder / f"{stem}-{number}.safetensors", metadata)


def _read_pieces(folder: Path, stem: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    tensors: dict[str, Tensor] = {}
    about: dict[str, Any] = {}
    for path in sorted(folder.glob(f"{stem}-*.safetensors")):
        tensors |= load_file(path)
        with safe_open(path, framework="pt") as file:
            about = about or json.loads((file.metadata() or {}).get(METADATA_KEY, "{}"))
    return tensors, about


def _check(folder: Path) -> None:
    sizes = {path.name: path.stat().st_size for path in folder.iterdir()}
    large = [name for name, n_bytes in sizes.items() if n_bytes > MAX_FILE_BYTES]
    if large or len(sizes) + 1 > MAX_FILES or sum(sizes.values()) > MAX_BYTES - 2**20:
        raise ParcelError(
            f"results would be {len(sizes) + 1} files of {sum(sizes.values()) / 2**20:.1f} MiB, too large {large}: "
            f"at most {MAX_FILES} of {MAX_FILE_BYTES // 2**20} MiB, {MAX_BYTES // 2**20} MiB together"
        )
