"""Random raw rows with everything that real logs do to a decomposition.

Unequal numbers of samples, ties, items that are always right, failures of format, probabilities that do not sum to 1,
errors, refusals, limits with and without an answer, copies of samples, one id with two answer keys, missing and tied
lengths.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from warehouse.keys import canonical_json
from warehouse.layout import Layout
from warehouse.parquet import write_partition

Row = dict[str, Any]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class RawRows:
    """Rows per raw table, as they are written; `samples` holds superseded copies too."""

    items: list[Row] = field(default_factory=list)
    samples: list[Row] = field(default_factory=list)
    conditions: list[Row] = field(default_factory=list)
    models: list[Row] = field(default_factory=list)
    test_outcomes: list[Row] = field(default_factory=list)
    grades: list[Row] = field(default_factory=list)
    embeddings: list[Row] = field(default_factory=list)
    survey_rankings: list[Row] = field(default_factory=list)
    synthetic_problems: list[Row] = field(default_factory=list)
    synthetic_training: list[Row] = field(default_factory=list)
    synthetic_rollouts: list[Row] = field(default_factory=list)

    def write(self, layout: Layout) -> None:
        """Write every table into the raw layer of `layout`."""
        for name, partition_by in {
            "items": ("task",),
            "samples": ("task", "model_id", "condition_id"),
            "conditions": (),
            "models": (),
            "test_outcomes": ("task",),
            "grades": ("task",),
            "embeddings": ("embedding_model",),
            "survey_rankings": (),
            "synthetic_problems": ("problem_id",),
            "synthetic_training": ("problem_id", "model_id"),
            "synthetic_rollouts": ("problem_id", "model_id", "starts"),
        }.items():
            parts: dict[tuple[str, ...], list[Row]] = {}
            for row in getattr(self, name):
                parts.setdefault(tuple(row[column] for column in partition_by), []).append(row)
            for values, rows in parts.items():
                partition = dict(zip(partition_by, values, strict=True))
                write_partition(layout, name, rows, file_stem="random", partition=partition)
        write_partition(layout, "imports", [_import_row(number) for number in (0, 1)], file_stem="random")
        # What a killed import left behind: no row in `imports`, so no data.
        for row in self.samples[:5]:
            values = {column: row[column] for column in ("task", "model_id", "condition_id")}
            left = {**row, "sample_id": f"left {row['sample_id']}", "import_id": "killed"}
            write_partition(layout, "samples", [left], file_stem=f"killed-{row['epoch']}", partition=values)

    def __add__(self, other: RawRows) -> RawRows:
        return RawRows(**{each.name: getattr(self, each.name) + getattr(other, each.name) for each in fields(self)})


def _import_row(number: int) -> Row:
    return {
        "import_id": f"import-{number}",
        "file_name": f"{number}.csv",
        "file_sha256": _hash(number),
        "file_bytes": 1,
        "source": "table",
        "reader_version": 1,
        "run_status": "success",
        "n_samples": 0,
        "n_quarantined": 0,
        "import_number": number,
        "ingested_at": NOW,
    }


def _hash(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def item_row(task: str, item_id: str, n_choices: int | None, target: int | None, key: str = "") -> Row:
    return {
        "task": task,
        "item_id": item_id,
        "answer_key_id": _hash(task, item_id, n_choices, target, key)[:12],
        "subject": "numbers",
        "question": f"question {item_id}",
        "choices": None if n_choices is None else [f"option {c}" for c in range(n_choices)],
        "target_index": target,
        "target_text": None if target is None else f"option {target}",
        "n_choices": n_choices,
        "source": "table",
        "import_id": "import-1",
        "ingested_at": NOW,
    }


def sample_row(item: Row, model_id: str, condition_id: str, epoch: int, **values: Any) -> Row:
    row: Row = {
        "sample_id": _hash(item["task"], item["answer_key_id"], item["item_id"], model_id, condition_id, epoch)[:32],
        "task": item["task"],
        "model_id": model_id,
        "condition_id": condition_id,
        "item_id": item["item_id"],
        "answer_key_id": item["answer_key_id"],
        "context_id": "none",
        "epoch": epoch,
        "source": "table",
        "import_id": "import-1",
        "run_status": "success",
        "status": "ok",
        "choice_index": None,
        "class_probs": None,
        "score": None,
        "output_tokens": None,
        "reasoning_tokens": None,
        "n_actions": None,
        "created_at": NOW,
        "ingested_at": NOW,
    }
    return row | values


def condition_row(condition_id: str, prompt_format: str, **held: Any) -> Row:
    held = {"reasoning_budget": "low", "temperature": 0.5} | held
    settings = {name.removesuffix("_budget"): value for name, value in held.items()}
    return held | {
        "condition_id": condition_id,
        "condition_label": f"{prompt_format}, budget {held['reasoning_budget']}",
        "prompt_format": prompt_format,
        "settings": canonical_json({"prompt_format": prompt_format} | settings),
        "source": "table",
        "import_id": "import-1",
        "ingested_at": NOW,
    }


def model_row(model_id: str, **values: Any) -> Row:
    row = {"model_id": model_id, "is_simulated": False, "source": "table", "import_id": "import-1", "ingested_at": NOW}
    return row | values


def random_answer(rng: np.random.Generator, item: Row, style: str, prompt_format: str, epoch: int) -> Row:  # noqa: C901 (a case for each style)
    """Status, choice and probabilities of one sample."""
    n_classes, target = item["n_choices"], item["target_index"]
    if style == "errors":
        return {"status": "error", "error": "timeout"}
    if style == "failures":
        return {"status": "format_failure"}
    if style == "right":
        return {"choice_index": target}
    if style == "tie":
        return {"choice_index": int((target + 1 + epoch % 2) % n_classes)}
    draw = rng.random()
    if draw < 0.05:
        # What an errored sample answered before it failed must not count.
        return {"status": "error", "choice_index": int(rng.integers(n_classes))}
    if draw < 0.08:
        return {"status": "refused"}
    if draw < 0.14:
        return {"status": "format_failure"}
    status = "ok"
    if draw < 0.20:
        status = "limit"
        if draw < 0.17:
            return {"status": status}
    if prompt_format == "choice":
        return {"status": status, "choice_index": int(rng.choice(n_classes, p=item_bias(rng, n_classes)))}
    probs = rng.dirichlet(np.full(n_classes, 0.4))
    if draw < 0.5:
        probs = np.round(probs, 2)
        if probs.sum() == 0:
            probs[0] = 1.0
    elif draw < 0.6:
        probs = probs * rng.uniform(0.2, 3)
    elif draw < 0.65:
        probs = np.zeros(n_classes)
        probs[[0, n_classes - 1]] = 0.5
    elif draw < 0.7:
        return {"status": status, "class_probs": [1.0] * (n_classes + 1)}
    elif draw < 0.73:
        return {"status": status, "class_probs": [0.0] * n_classes}
    return {"status": status, "class_probs": [float(p) for p in probs]}


def item_bias(rng: np.random.Generator, n_classes: int) -> np.ndarray:
    """A random preference over classes, different for every draw's generator state."""
    return rng.dirichlet(np.full(n_classes, 0.5))


def random_eval_rows(seed: int) -> RawRows:
    """Two tasks, two models, two prompt formats; one open-ended task that has scores alone."""
    rng = np.random.default_rng(seed)
    rows = RawRows()
    styles = ["random"] * 6 + ["right", "tie", "failures", "errors"]
    items: dict[str, list[Row]] = {"four": [], "many": [], "open": []}
    for number in range(37):
        items["four"].append(item_row("four", f"q{number:02d}", 4, int(rng.integers(4))))
    for number in range(19):
        n_choices = 2 + number % 9
        items["many"].append(item_row("many", f"q{number:02d}", n_choices, int(rng.integers(n_choices))))
    # One id, two questions: two logs numbered their items from zero.
    items["many"].append(item_row("many", "q03", 3, 1, key="another log"))
    items["open"] = [item_row("open", f"o{number}", None, None) for number in range(3)]
    for group in items.values():
        rows.items += group
    # An older reading of an item that a later import corrected.
    old = {"import_id": "import-0", "ingested_at": NOW + timedelta(days=1)}
    rows.items.append({**items["four"][0], "target_index": 3, **old})
    rows.conditions = [condition_row("choice-low", "choice"), condition_row("probability-low", "probability")]
    rows.models = [
        model_row("Qwen/Qwen3-8B", model_family="wrong", is_simulated=False),
        model_row("stand-in", is_simulated=True, param_count=10),
    ]
    for task, group in items.items():
        for model_id in ("Qwen/Qwen3-8B", "stand-in", "unlisted"):
            for prompt_format in ("choice", "probability"):
                if (task == "open" or model_id == "unlisted") and prompt_format == "probability":
                    continue
                for item in group:
                    rows.samples += _random_samples(rng, item, model_id, prompt_format, str(rng.choice(styles)))
    rows.samples += _copies(rng, rows.samples)
    return rows


def _random_samples(rng: np.random.Generator, item: Row, model_id: str, prompt_format: str, style: str) -> list[Row]:
    samples = []
    has_lengths, tied = rng.random() > 0.15, rng.random() < 0.1
    for epoch in range(1, int(rng.integers(1, 12)) + 1):
        if item["n_choices"] is None:
            answer: Row = {"score": float(rng.integers(2)), "n_actions": int(rng.integers(1, 9))}
        else:
            answer = random_answer(rng, item, style, prompt_format, epoch)
        lengths: Row = {"output_tokens": 100 if tied else int(rng.integers(50, 60))}
        if has_lengths and rng.random() > 0.1:
            lengths["reasoning_tokens"] = int(rng.lognormal(5, 0.6))
        if item["task"] == "many":
            lengths["n_actions"] = int(rng.integers(1, 4))
        samples.append(sample_row(item, model_id, f"{prompt_format}-low", epoch, **lengths, **answer))
    return samples


def _copies(rng: np.random.Generator, samples: list[Row]) -> list[Row]:
    """Older copies of some samples, with another answer: a log that was scored again.

    Their import came first, but the clock was set back after it.
    """
    chosen = rng.choice(len(samples), size=40, replace=False)
    return [
        {
            **samples[index],
            "status": "format_failure",
            "import_id": "import-0",
            "ingested_at": NOW + timedelta(hours=1),
        }
        for index in chosen
    ]


def random_synthetic_rows(seed: int, dimension: int = 3) -> RawRows:
    """A problem with three models and the teacher; random walks from jittered starts, some of which lost replicates."""
    rng = np.random.default_rng(seed)
    rows = RawRows()
    root = rng.normal(size=(dimension, dimension))
    matrix = root @ root.T + np.eye(dimension)
    minimum = rng.normal(size=dimension)
    problem_id = f"problem-{dimension}"
    rows.synthetic_problems.append(
        {
            "problem_id": problem_id,
            "profile": "random",
            "dimension": dimension,
            "a_matrix": matrix.ravel().tolist(),
            "minimum": minimum.tolist(),
            "condition_number": float(np.linalg.cond(matrix)),
            "step_norm": 0.005,
            "uniform_loss": 2.3,
            "config": "{}",
            "ingested_at": NOW,
        }
    )
    for size, (model_id, starts, temperature) in enumerate(
        [
            ("teacher", "standard", 0.0),
            ("m-1000", "standard", 0.0),
            ("m-1000", "standard", 1.0),
            ("m-4000", "standard", 0.0),
            ("m-9000", "standard", 0.0),
            ("m-1000", "far", 0.0),
            ("m-09000", "standard", 0.0),  # the size of m-9000 with another seed
        ]
    ):
        noise = 0.3 / (size + 1)
        for start in range(5):
            anchor = rng.normal(size=dimension) * 3
            # A start that lost replicates: pooled, it weighs less.
            for replicate in range(4 - start % 2):
                x = anchor + rng.normal(size=dimension) * 0.1
                for step in range(6):
                    rows.synthetic_rollouts.append(
                        {
                            "problem_id": problem_id,
                            "model_id": model_id,
                            "is_teacher": model_id == "teacher",
                            "starts": starts,
                            "start_scale": 2.0 if starts == "far" else 1.0,
                            "jitter": 0.1,
                            "temperature": temperature,
                            "start_id": start,
                            "replicate": replicate,
                            "step": step,
                            "x": x.tolist(),
                            "ingested_at": NOW,
                        }
                    )
                    x = x - 0.3 * (x - minimum) + rng.normal(size=dimension) * noise
    for seed, model_id in ((1, "m-1000"), (None, "m-4000"), (1, "m-9000"), (2, "m-09000")):
        for step in (0, 10, 20):
            for split in ("train", "validation"):
                rows.synthetic_training.append(
                    {
                        "problem_id": problem_id,
                        "model_id": model_id,
                        "param_count": int(model_id.removeprefix("m-")),
                        "seed": seed,
                        "split": split,
                        "step": step,
                        "loss": float(rng.uniform(0.1, 2)),
                        "n_tokens": step * 100,
                        "ingested_at": NOW,
                    }
                )
    return rows
