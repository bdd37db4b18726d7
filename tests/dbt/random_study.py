"""Random raw rows of a designed study: a family of models, budgets, few-shot contexts, unit tests, embeddings.

What the other random rows have in dirt, these have in design: the analyses over scale, budgets and contexts need models
that differ in size alone, conditions that differ in budget alone and samples in several contexts.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np

from tests.dbt.random_raw import NOW, RawRows, Row, condition_row, item_row, model_row, sample_row

SIZES = {"fam-1": 1_000, "fam-2": 8_000, "fam-3": 90_000}
BUDGETS = ("1000", "4000")
HIDDEN = ("fam-2", "4000")
"""Model and budget whose reasoning is not returned."""

TESTS = {"t0": "fail_to_pass", "t1": "fail_to_pass", "t2": "pass_to_pass", "t3": "other"}


def random_study_rows(seed: int) -> RawRows:
    """Multiple choice (`study`), repairs judged by unit tests (`repair`) and essays with embeddings (`essay`)."""
    rng = np.random.default_rng(seed)
    rows = RawRows(
        conditions=[condition_row(f"budget-{budget}", "choice", reasoning_budget=budget) for budget in BUDGETS],
        models=[
            model_row(model_id, model_family="fam", param_count=size, model_type="thinking")
            for model_id, size in SIZES.items()
        ],
    )
    for number in range(23):
        item = item_row("study", f"s{number:02d}", 4, int(rng.integers(4)))
        difficulty = None if number == 0 else ("easy", "hard")[number % 2]
        rows.items.append({**item, "human_difficulty": difficulty, "subject": f"subject {number % 3}"})
    for model_id in SIZES:
        for budget in BUDGETS:
            for item in rows.items:
                rows.samples += _study_samples(rng, item, model_id, budget)
    _add_repairs(rng, rows)
    _add_essays(rng, rows)
    _add_survey(rng, rows)
    return rows


def _study_samples(rng: np.random.Generator, item: Row, model_id: str, budget: str) -> list[Row]:
    hardness = int(item["item_id"][1:]) / 23
    skill = min(0.9, 0.3 + 0.2 * list(SIZES).index(model_id))
    preference = rng.dirichlet(np.full(4, 0.6))
    preference[item["target_index"]] += 3 * skill * (1 - hardness)
    preference /= preference.sum()
    samples = []
    for epoch in range(1, 13 - int(rng.random() < 0.2)):
        # One context per item lost all its samples but one.
        context = epoch % 3 if epoch < 11 else 0
        words = " ".join(rng.choice(["so", "Wait,", "waiting", "wait", "await"], size=5))
        answer: Row = {"choice_index": int(rng.choice(4, p=preference))}
        if rng.random() < 0.05:
            answer = {"status": "format_failure"}
        sample = sample_row(
            item,
            model_id,
            f"budget-{budget}",
            epoch,
            **answer,
            context_id=f"context {context}",
            reasoning=words,
            completion=f"ANSWER: {epoch}",
            output_tokens=int(rng.integers(40, 60)),
            reasoning_tokens=int(np.exp(4 + 3 * hardness + rng.normal() * 0.3)),
        )
        if (model_id, budget) == HIDDEN:
            # Thoughts are counted and not shown; every fifth time the counts do not add up.
            visible = sample["output_tokens"] if epoch % 5 else -1
            sample |= {"reasoning": None, "completion": words, "output_tokens": sample["reasoning_tokens"] + visible}
        samples.append(sample)
    return samples


def _add_repairs(rng: np.random.Generator, rows: RawRows) -> None:
    for number in range(6):
        item = item_row("repair", f"r{number}", None, None)
        rows.items.append(item)
        for model_id in ("fam-1", "fam-3"):
            for epoch in range(1, int(rng.integers(2, 9))):
                status = str(rng.choice(["ok", "ok", "ok", "limit", "format_failure", "error"]))
                values: dict[str, Any] = {"status": status, "n_actions": int(rng.integers(2, 30))}
                values["answer"] = None if status == "format_failure" else f" patch {epoch % 3} "
                values["score"] = None if status == "format_failure" else float(rng.integers(3) > 1)
                sample = sample_row(item, model_id, "budget-1000", epoch, **values)
                rows.samples.append(sample)
                # A sample that was not tested at all; a run cut off half-way through its tests.
                if rng.random() < 0.2 or status == "format_failure":
                    continue
                for name, kind in list(TESTS.items())[: 4 if rng.random() < 0.8 else 2]:
                    rows.test_outcomes.append(
                        {
                            "sample_id": sample["sample_id"],
                            "task": "repair",
                            "test_name": name,
                            "kind": kind,
                            "passed": bool(rng.random() < 0.6),
                            "import_id": "import-1",
                            "ingested_at": NOW,
                        }
                    )
    # Another reading of a log named its tests differently.
    rows.test_outcomes += [
        {**row, "test_name": f"old {row['test_name']}", "import_id": "import-0"} for row in rows.test_outcomes[:5]
    ]


def _add_essays(rng: np.random.Generator, rows: RawRows) -> None:
    for number in range(7):
        item = item_row("essay", f"e{number}", None, None)
        rows.items.append(item)
        n_samples = int(rng.integers(4, 12))
        if number == 0:
            n_samples = 1
        for epoch in range(1, n_samples + 1):
            length = int(rng.integers(10, 99))
            status = "error" if rng.random() < 0.1 and number else "ok"
            # Some essays are graded, so that some items of the pool have an accuracy.
            score = float((number + epoch) % 3 == 0) if number % 2 else None
            sample = sample_row(item, "fam-2", "budget-1000", epoch, status=status, score=score, output_tokens=length)
            sample["completion"] = f"essay {epoch // 2}"
            rows.samples.append(sample)
            for model, dimension in (("wide", 5), ("narrow", 3)):
                if model == "narrow" and rng.random() < 0.5:
                    continue
                vector = rng.normal(size=dimension).astype(np.float32).tolist()
                rows.embeddings.append(
                    {
                        "sample_id": sample["sample_id"],
                        "embedding_model": model,
                        "vector": vector,
                        "ingested_at": NOW,
                    }
                )


def _add_survey(rng: np.random.Generator, rows: RawRows) -> None:
    entities = {"ant": "organisms and humans", "human": "organisms and humans", "model": "AI models", "firm": "org"}
    for attribute, n_raters in (("intelligence", 4), ("incoherence", 5)):
        for rater in range(n_raters):
            for entity, rank in zip(entities, rng.permutation(len(entities)), strict=True):
                rows.survey_rankings.append(
                    {
                        "rater_id": f"{attribute} {rater}",
                        "entity": entity,
                        "entity_group": entities[entity],
                        "attribute": attribute,
                        "rank": float(rank + 1),
                        "ingested_at": NOW,
                    }
                )


def independent_rows(seed: int, n_items: int = 60, n_samples: int = 320) -> RawRows:
    """Samples that are independent by construction: averaging E of them divides the variance by E."""
    rng = np.random.default_rng(seed)
    rows = RawRows(conditions=[condition_row("independent", "choice")], models=[model_row("dice")])
    for number in range(n_items):
        item = item_row("independent", f"i{number:02d}", 4, int(rng.integers(4)))
        rows.items.append(item)
        choices = rng.choice(4, size=n_samples, p=rng.dirichlet(np.ones(4)))
        rows.samples += [
            sample_row(item, "dice", "independent", epoch, choice_index=int(choice))
            for epoch, choice in enumerate(choices, start=1)
        ]
    return rows


def budget_rows(seed: int, n_items: int = 14, n_samples: int = 6) -> RawRows:
    """One model whose conditions differ in budget, and some of them in shots, temperature or token limit as well."""
    rng = np.random.default_rng(seed)
    high = {"n_shots": 0, "temperature": 1.0, "reasoning_budget": "high"}
    conditions: dict[str, Row] = {
        "t1-high-b": {**high, "max_tokens": 2_000},
        "t1-high-a": {**high, "max_tokens": 1_000},
        "t1-low": {**high, "reasoning_budget": "low"},
        "t0-high": {**high, "temperature": 0.0},
        "two-shots-high": {**high, "n_shots": 2},
    }
    rows = RawRows(
        conditions=[condition_row(name, "choice", **values) for name, values in conditions.items()],
        models=[model_row("spender")],
    )
    for number in range(n_items):
        item = item_row("budgets", f"b{number:02d}", 4, int(rng.integers(4)))
        rows.items.append(item)
        for name in conditions:
            preference = rng.dirichlet(np.ones(4))
            rows.samples += [
                sample_row(
                    item,
                    "spender",
                    name,
                    epoch,
                    choice_index=int(rng.choice(4, p=preference)),
                    reasoning_tokens=int(rng.integers(10, 90)),
                )
                for epoch in range(1, n_samples + 1)
            ]
    for sample in rows.samples:
        sample["output_tokens"] = sample["reasoning_tokens"] + 1
    # Another model does not tell its reasoning: what is told of it is on an axis that is not the first one's.
    rows.models.append(model_row("mute"))
    rows.samples += [
        sample | {"sample_id": sample["sample_id"][::-1], "model_id": "mute", "reasoning_tokens": None}
        for sample in rows.samples
        if sample["condition_id"] in ("t1-low", "t1-high-a")
    ]
    return rows


def trial_rows(seed: int, n_items: int = 12, n_contexts: int = 5) -> RawRows:
    """Repairs that share few-shot contexts: unit tests, and scores that are partly right (`trials`)."""
    rng = np.random.default_rng(seed)
    rows = RawRows(conditions=[condition_row("shots", "choice")], models=[model_row("tinker"), model_row("fixer")])
    moods = rng.normal(scale=0.8, size=n_contexts)
    for number in range(n_items):
        item = item_row("trials", f"t{number:02d}", None, None)
        rows.items.append(item)
        ease = rng.normal(size=len(TESTS))
        for model_id in ("tinker", "fixer"):
            for epoch in range(1, 2 * n_contexts + 1 - int(rng.integers(3))):
                # One item is asked in one context alone.
                context = 0 if number == 0 else epoch % n_contexts
                chance = 1 / (1 + np.exp(-ease - moods[context]))
                passed = rng.random(len(TESTS)) < chance
                sample = sample_row(
                    item,
                    model_id,
                    "shots",
                    epoch,
                    context_id=f"context {context}",
                    score=float(passed.mean()),
                    n_actions=int(rng.integers(2, 30)),
                    cost_usd=0.01 * epoch,
                )
                rows.samples.append(sample)
                rows.test_outcomes += [
                    {
                        "sample_id": sample["sample_id"],
                        "task": "trials",
                        "test_name": name,
                        "kind": kind,
                        "passed": bool(outcome),
                        "import_id": "import-1",
                        "ingested_at": NOW,
                    }
                    for (name, kind), outcome in zip(TESTS.items(), passed, strict=True)
                ]
    return rows


def under_versions(rows: RawRows) -> RawRows:
    """The same rows, some of them drawn on several days, of several served models or under several configurations."""
    for sample in rows.samples:
        epoch = sample["epoch"]
        if sample["task"] == "budgets":
            sample["created_at"] += timedelta(days=(epoch - 1) // 2)
        elif sample["task"] == "study":
            sample["served_model"] = f"{sample['model_id']}@{int(epoch > 6)}"
        elif sample["task"] == "four":
            sample["served_model"] = f"v{epoch % 2}"
        elif sample["task"] == "trials":
            sample["system_fingerprint"] = f"fp_{epoch % 3}"
    return rows


def under_judges(rows: RawRows, seed: int) -> RawRows:
    """The same rows, with grades: of a panel, of one judge again and again, of one judge once, of judges that agree."""
    rng = np.random.default_rng(seed)
    for sample in rows.samples:
        if sample["import_id"] != "import-1":
            continue
        for grader, repeats in _judges_of(rng, sample).items():
            for repeat in range(1, repeats + 1):
                grade: float | None = float(rng.integers(0, 5)) / 4
                if sample["task"] == "essay":
                    grade = float(sample["epoch"] % 2)
                elif sample["task"] == "trials" and rng.random() < 0.05:
                    grade = None  # what the judge wrote could not be read
                rows.grades.append(
                    {
                        "sample_id": sample["sample_id"],
                        "task": sample["task"],
                        "grader": grader,
                        "grade_repeat": repeat,
                        "grade": grade,
                        "import_id": "import-1",
                        "ingested_at": NOW,
                    }
                )
    # Another reading of a log had other judges.
    rows.grades += [{**row, "grader": f"old {row['grader']}", "import_id": "import-0"} for row in rows.grades[:5]]
    return rows


def _judges_of(rng: np.random.Generator, sample: Row) -> dict[str, int]:
    """How often each judge grades a sample."""
    if sample["task"] == "trials":
        names = ["strict", "lenient", "all graders"][: 2 if sample["model_id"] == "fixer" else 3]
        return {name: int(rng.integers(0, 3)) for name in names}
    if sample["task"] == "open":
        return {"judge": int(rng.integers(1, 4))}
    if sample["task"] == "essay":
        return {"left": 1, "right": 1}
    if sample["task"] == "repair":
        return {"judge": 1}
    return {}
