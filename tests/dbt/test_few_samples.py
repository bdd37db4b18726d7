"""Few samples, contexts, smoothing and format failures, against the definitions."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy import stats

from tests.dbt.conftest import Built, agree, agree_on_incoherence
from tests.dbt.random_study import HIDDEN
from tests.dbt.test_ensembling import in_order
from tests.oracles.answers import ItemAnswers, ItemKey, latest
from tests.oracles.corrected import Unit, choice_unit, estimate, graded_unit, shifts_of
from tests.oracles.decompositions import (
    Array,
    Split,
    brier,
    brier_unbiased,
    coverage,
    coverage_unbiased,
    embedding,
    kl,
    kl_unbiased,
)
from tests.oracles.outcomes import (
    LEFT_OUT,
    by_item,
    contexts_by_item,
    scores_by_sample,
    unit_tests_by_sample,
    vectors_by_item,
)
from tests.oracles.pooling import buckets, incoherence, mean_interval, share_ends

Pool = dict[str, ItemAnswers]


def pool_of(built: Built, row: dict[str, Any]) -> Pool:
    key = (row["task"], row["model_id"], row["condition_id"])
    return {full[3]: answers for full, answers in built.answers.items() if full[:3] == key and len(answers.probs)}


SIZES = (2, 3, 5, 10, 20)

SPLITS: dict[str, Callable[[Array, int], Split]] = {
    "kl": kl,
    "brier": brier,
    "coverage": lambda outcomes, _: coverage(outcomes),
    "score": lambda outcomes, _: coverage(outcomes),
    "embedding": lambda vectors, _: Split(error=0.0, bias_sq=0.0, variance=embedding(vectors)[0]),
}
"""Decomposition of the samples of one item with their target."""

CORRECTED: dict[str, Callable[[Array, int], tuple[float | None, float | None]]] = {
    "kl": kl_unbiased,
    "brier": brier_unbiased,
    "coverage": lambda outcomes, _: coverage_unbiased(outcomes),
    "score": lambda outcomes, _: coverage_unbiased(outcomes),
    "embedding": lambda vectors, _: (0.0, embedding(vectors)[1]),
}
"""Bias² and variance without the bias of few samples."""


def samples_of(built: Built, row: dict[str, Any]) -> list[tuple[Array, int]]:
    """Per item of a row's pool: what its decomposition sees of each sample, in order, and the target."""
    if row["decomposition"] in ("kl", "brier"):
        return [(in_order(answers), answers.target) for answers in pool_of(built, row).values()]
    pool = (row["task"], row["model_id"], row["condition_id"])
    return [(values, 0) for key, values in graded(built, row["decomposition"]).items() if key[:3] == pool]


@cache
def graded(built: Built, decomposition: str) -> dict[ItemKey, Array]:
    """What a decomposition without options sees of each item's samples."""
    raw = built.evals
    if decomposition == "coverage":
        return by_item(raw.samples, unit_tests_by_sample(raw.samples, raw.test_outcomes))
    if decomposition == "score":
        return by_item(raw.samples, scores_by_sample(raw.items, raw.samples, raw.test_outcomes))
    return vectors_by_item(raw.samples, raw.embeddings)["wide"]


def units_of(built: Built, row: dict[str, Any]) -> list[Unit]:
    """The items of a row's pool, corrected."""
    if row["decomposition"] in ("kl", "brier"):
        return [choice_unit(answers, row["decomposition"]) for answers in pool_of(built, row).values()]
    if row["decomposition"] == "embedding":
        return [Unit(0.0, embedding(vectors)[1]) for vectors, _ in samples_of(built, row)]
    raw, pool = built.evals, (row["task"], row["model_id"], row["condition_id"])
    if row["decomposition"] == "coverage":
        outcomes = unit_tests_by_sample(raw.samples, raw.test_outcomes)
    else:
        outcomes = scores_by_sample(raw.items, raw.samples, raw.test_outcomes)
    contexts = contexts_by_item(raw.samples, outcomes)
    return [
        graded_unit(values, contexts[key]) for key, values in by_item(raw.samples, outcomes).items() if key[:3] == pool
    ]


def n_blocks_of(items: list[tuple[Array, int]], size: int) -> int:
    return int(np.median([len(values) for values, _ in items]) // size)


@pytest.mark.parametrize("decomposition", list(SPLITS))
def test_blocks_of_few_samples_agree_with_the_oracle(built: Built, decomposition: str) -> None:
    split, corrected = SPLITS[decomposition], CORRECTED[decomposition]
    tasks = "('study')" if decomposition in ("kl", "brier") else "('repair', 'essay', 'open')"
    rows = built.rows("figures.fig_sample_efficiency", f"task in {tasks} and decomposition = '{decomposition}'")
    assert {row["n_samples_per_item"] for row in rows} >= ({2, 3, 5, 10} if "study" in tasks else {2})
    for row in rows:
        items, size = samples_of(built, row), row["n_samples_per_item"]
        n_blocks = n_blocks_of(items, size)
        entering = [(values, target) for values, target in items if len(values) >= n_blocks * size]
        estimates = []
        for block in range(n_blocks):
            parts = [(values[block * size : (block + 1) * size], target) for values, target in entering]
            errors = np.array([split(*part).error for part in parts])
            if row["estimator"] == "plug_in":
                splits = [(split(*part).bias_sq, split(*part).variance) for part in parts]
            else:
                splits = [corrected(*part) for part in parts]
            bias_sq, variance = np.mean(np.array(splits, dtype=float), axis=0)
            estimates.append((bias_sq, variance, variance / errors.mean() if errors.any() else np.nan))
        assert (row["n_blocks"], row["n_items"]) == (n_blocks, len(entering))
        units = [unit for unit in units_of(built, row) if unit.variance is not None]
        measured = np.array([(unit.error - (unit.variance or 0), unit.variance) for unit in units], dtype=float).T
        pooled = estimate(units)
        everything = {
            part: (float(values.mean()), *mean_interval(values, min(0, values.mean()), shifts=shifts_of(units, part)))
            for part, values in zip(("bias_sq", "variance"), measured, strict=True)
        } | {
            "incoherence": (pooled.ratio, pooled.low, pooled.high),
        }
        for index, measure in enumerate(everything):
            found = [row[f"{measure}{suffix}"] for suffix in ("", "_sd", "_all", "_all_ci_low", "_all_ci_high")]
            if decomposition == "embedding" and measure != "variance":
                assert found == [None] * 5
                continue
            values = np.array(estimates)[:, index]
            values = values[~np.isnan(values)]
            mean = float(values.mean()) if len(values) else None
            expected = (mean, float(values.std(ddof=1)) if len(values) > 1 else None, *everything[measure])
            assert all(map(agree, found, expected)), (measure, row, expected)


def anova(groups: list[Array]) -> tuple[float, float]:
    """Variance within and between groups of (n_k, C) vectors: mean squares by the textbook, summed over components."""
    samples = np.concatenate(groups)
    sizes = np.array([len(group) for group in groups])
    within = sum(float(np.sum((group - group.mean(axis=0)) ** 2)) for group in groups) / (len(samples) - len(groups))
    spread = sum(len(g) * float(np.sum((g.mean(axis=0) - samples.mean(axis=0)) ** 2)) for g in groups)
    n_0 = (sizes.sum() - np.sum(sizes**2) / sizes.sum()) / (len(groups) - 1)
    return within, (spread / (len(groups) - 1) - within) / n_0


def test_variance_components_agree_with_analysis_of_variance(built: Built) -> None:
    rows = built.rows("figures.fig_variance_components")
    assert {row["task"] for row in rows} == {"study"}
    for row in rows:
        parts = []
        for answers in pool_of(built, row).values():
            groups = defaultdict(list)
            for sample, probs in zip(answers.samples, answers.probs, strict=True):
                groups[sample["context_id"]].append(probs)
            if len(groups) > 1 and len(answers.probs) > len(groups):
                parts.append(anova([np.array(group) for group in groups.values()]))
        within, between = np.array(parts).T
        assert row["n_items"] == len(parts)
        assert agree(row["variance_within"], float(within.mean()))
        assert agree(row["variance_between"], float(between.mean()))
        assert agree(row["share_between"], float(between.sum() / (within + between).sum()))
        units = [Unit(float(w + b), float(b)) for w, b in zip(within, between, strict=True)]
        agree_on_incoherence(row, estimate(units), "share_between")


def at_delta(answers: ItemAnswers, kept: ItemAnswers, delta: float) -> Unit:
    """The samples of an item that were kept, by KL at another δ; what decides on an interval is all samples'."""
    contexts = [sample["context_id"] for sample in kept.samples]
    has_contexts = len({sample["context_id"] for sample in answers.samples}) > 1
    if not has_contexts:
        contexts = [str(place) for place in range(len(contexts))]
    everything, names = kl(kept.probs, answers.target, delta), np.array(contexts)
    variance: float | None = None
    shifts = {}
    if len(set(contexts)) > 1:
        without = {name: kl(kept.probs[names != name], answers.target, delta) for name in sorted(set(contexts))}
        lost = {name: everything.variance - split.variance for name, split in without.items()}
        variance = everything.variance + sum((1 - float(np.mean(names == name))) * lost[name] for name in lost)
        if has_contexts:
            shifts = centred({name: (split.error, split.variance) for name, split in without.items()})
    whole = choice_unit(answers, "kl")
    return Unit(everything.error, variance, whole.share, whole.margin, shifts, whole.agreement)


def centred(parts: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    """Error and variance without each context, less their means over the contexts."""
    center = np.mean(list(parts.values()), axis=0)
    return {name: (error - center[0], variance - center[1]) for name, (error, variance) in parts.items()}


def test_other_smoothings_agree_with_the_oracle(built: Built) -> None:
    rows = built.rows("figures.fig_sensitivity", "task in ('study', 'four')")
    assert {row["kl_delta"] for row in rows} == {1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 1e-2}
    for row in rows:
        points: dict[int, list[tuple[float, float]]] = defaultdict(list)
        pool = pool_of(built, row)
        lengths = {item: a.mean_length("reasoning_tokens") for item, a in pool.items()}
        bucket_of = buckets({item: length for item, length in lengths.items() if length is not None})
        splits, units = [], []
        for item, answers in pool.items():
            kept = answers.part([row["format_failures"] == "included" or c is not None for c in answers.predicted])
            if not len(kept.probs):
                continue
            split = kl(kept.probs, answers.target, row["kl_delta"])
            splits.append(split)
            units.append(at_delta(answers, kept, row["kl_delta"]))
            if item in bucket_of:
                points[bucket_of[item]].append((split.variance, split.error))
        variances, errors = np.array([s.variance for s in splits]), np.array([s.error for s in splits])
        assert row["n_items"] == len(splits)
        assert agree(row["error"], float(errors.mean())) and agree(row["variance"], float(variances.mean()))
        assert agree(row["incoherence"], incoherence(variances, errors))
        agree_on_incoherence(row, estimate(units))
        assert row["n_points"] + row["n_dropped"] == len(points)


def clustered_wilson(items: list[list[tuple[str, bool]]]) -> tuple[float | None, float | None]:
    """Wilson's interval with as many samples as would scatter so, were they independent (Dean and Pagano 2015).

    Of each item's samples: context, and whether it failed. Contexts that items share add what those have in common.
    """
    n_items, n_samples = len(items), sum(map(len, items))
    rate = sum(failed for item in items for _, failed in item) / n_samples
    if rate in (0, 1):
        size = float(n_items)
    elif n_items < 2:
        return None, None
    else:
        names = sorted({name for item in items for name, _ in item})
        cells = np.array([[sum(f - rate for c, f in item if c == name) for item in items] for name in names])
        of_items, freedom, of_contexts = n_items / (n_items - 1) * np.sum(cells.sum(axis=0) ** 2), n_items - 1.0, 0.0
        if len(names) > 1:
            shared = np.sum(cells.sum(axis=1) ** 2) - np.sum(cells**2)
            of_contexts = max(float(len(names) / (len(names) - 1) * shared), 0.0)
        if of_contexts:
            spread = of_items**2 / freedom + of_contexts**2 / (len(names) - 1)
            freedom = max((of_items + of_contexts) ** 2 / spread, 1.0)
        quantiles = stats.norm.ppf(0.975) / stats.t.ppf(0.975, freedom)
        size = min(float(n_samples), rate * (1 - rate) * n_samples**2 / (of_items + of_contexts) * quantiles**2)
    return share_ends(rate, size)


def test_format_failures_have_wilson_intervals_of_as_many_samples_as_are_independent(built: Built) -> None:
    rows = built.rows("figures.fig_format_failures", "task in ('study', 'four', 'many')")
    for row in rows:
        pool = pool_of(built, row).values()
        predicted = [choice for answers in pool for choice in answers.predicted]
        n_failed = sum(choice is None for choice in predicted)
        assert (row["n_samples"], row["n_format_failures"]) == (len(predicted), n_failed)
        items = [
            [(s["context_id"], choice is None) for s, choice in zip(a.samples, a.predicted, strict=True)] for a in pool
        ]
        low, high = clustered_wilson(items)
        assert agree(row["failure_rate_ci_low"], low) and agree(row["failure_rate_ci_high"], high)


def test_answer_changes_agree_with_the_definition(built: Built) -> None:
    labels = {i["item_id"]: i["human_difficulty"] for i in built.evals.items if i["task"] == "study"}
    rows = built.rows("figures.fig_answer_changes", "task = 'study'")
    assert len(rows) == 6 * 3 * 3
    for row in rows:
        changed = []
        for item, answers in pool_of(built, row).items():
            if row["human_difficulty"] not in ("all", labels[item]):
                continue
            contexts: dict[str, list[int]] = defaultdict(list)
            for sample, choice in zip(answers.samples, answers.predicted, strict=True):
                if choice is not None:
                    contexts[sample["context_id"]].append(choice)
            majorities = set()
            for choices in contexts.values():
                counts = Counter(choices)
                majorities.add(min(counts, key=lambda choice: (-counts[choice], choice)))
            resampled = any(len(set(choices)) > 1 for choices in contexts.values())
            changed.append(
                {
                    "resampling": resampled,
                    "contexts": len(majorities) > 1,
                    "both_together": resampled or len(majorities) > 1,
                }[row["change"]]
            )
        assert (row["n_items"], row["n_changed"]) == (len(changed), sum(changed))
        low, high = share_ends(row["share_changed"], len(changed))
        assert agree(row["share_changed_ci_low"], low) and agree(row["share_changed_ci_high"], high)


def test_waits_are_whole_words_over_the_tokens_of_their_text(built: Built) -> None:
    rows = built.rows("figures.fig_wait_ratio", "task = 'study' and decomposition = 'kl'")
    hidden = {row["length_axis"] for row in rows if (row["model_id"], row["reasoning_budget"]) == HIDDEN}
    shown = {row["length_axis"] for row in rows if (row["model_id"], row["reasoning_budget"]) != HIDDEN}
    assert (hidden, shown) == ({"output_tokens"}, {"reasoning_tokens"})
    for row in rows:
        ratios, lengths = {}, {}
        for item, answers in pool_of(built, row).items():
            texts = []
            for sample in answers.samples:
                n_tokens, text = sample["reasoning_tokens"], sample["reasoning"]
                if text is None:
                    n_tokens, text = sample["output_tokens"] - sample["reasoning_tokens"], sample["completion"]
                if n_tokens > 0:
                    words = re.split(r"\W+", text.lower())
                    texts.append((words.count("wait"), n_tokens))
            n_waits, n_tokens = np.sum(texts, axis=0)
            ratios[item], lengths[item] = n_waits / n_tokens, n_tokens / len(texts)
        members = [item for item, bucket in buckets(ratios).items() if bucket == row["bucket"]]
        assert row["n_items"] == len(members)
        assert agree(row["wait_ratio"], float(np.mean([ratios[item] for item in members])))
        assert agree(row["mean_length"], float(np.mean([lengths[item] for item in members])))


def test_transcripts_add_up_to_the_samples_of_the_most_variable_items(built: Built) -> None:
    rows = built.rows("figures.fig_transcripts", "task = 'study' and model_id = 'fam-1'")
    for condition in {row["condition_id"] for row in rows}:
        here = [row for row in rows if row["condition_id"] == condition]
        pool = pool_of(built, here[0])
        variances = {item: brier(answers.probs, answers.target).variance for item, answers in pool.items()}
        top = sorted(variances, key=lambda item: (-round(variances[item], 9), item))[:5]
        assert [next(r["item_id"] for r in here if r["variance_rank"] == rank) for rank in range(1, 6)] == top
        for item in top:
            answers = [row for row in here if row["item_id"] == item]
            assert sum(row["n_samples"] for row in answers) == len(pool[item].probs)
            (right,) = [row for row in answers if row["is_correct"]] or [None]
            if right is not None:
                assert right["answer"] == "ABCD"[pool[item].target]


@pytest.mark.parametrize(("task", "decomposition"), [("repair", "coverage"), ("essay", "score"), ("open", "score")])
def test_transcripts_of_answers_in_words(built: Built, task: str, decomposition: str) -> None:
    """The five items of highest variance, all their answers with counts, the most frequent first."""
    rows = built.rows("figures.fig_transcripts", f"task = '{task}'")
    assert {row["decomposition"] for row in rows} == {decomposition}
    given: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for sample in latest(built.evals.samples, ("sample_id",)):
        if sample["status"] not in LEFT_OUT and sample["task"] == task:
            text = sample.get("answer") or sample.get("completion") or "no usable answer"
            given[sample["model_id"], sample["condition_id"], sample["item_id"]].append(text.strip())
    for pool in {(row["model_id"], row["condition_id"]) for row in rows}:
        here = [row for row in rows if (row["model_id"], row["condition_id"]) == pool]
        variances = {
            row["item_id"]: round(row["variance"], 9)
            for row in built.rows(
                "marts.fct_item_decomposition",
                f"task = '{task}' and decomposition = '{decomposition}' and (model_id, condition_id) = {pool}",
            )
        }
        top = sorted(variances, key=lambda item: (-variances[item], item))[:5]
        assert {(row["variance_rank"], row["item_id"]) for row in here} == set(enumerate(top, start=1))
        for item in top:
            counts = Counter(given[*pool, item])
            expected = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
            found = sorted((row for row in here if row["item_id"] == item), key=lambda row: row["answer_rank"])
            assert [(row["answer"], row["n_samples"]) for row in found] == expected
            assert agree(sum(row["share"] for row in found), 1.0)


def test_ranks_are_averaged_over_raters(built: Built) -> None:
    rows = built.rows("figures.fig_survey")
    assert len(rows) == 8
    for row in rows:
        ranks = [
            r["rank"]
            for r in built.evals.survey_rankings
            if (r["entity"], r["attribute"]) == (row["entity"], row["attribute"])
        ]
        half_width = stats.t.ppf(0.975, len(ranks) - 1) * stats.sem(ranks)
        assert row["n_raters"] == len(ranks) and agree(row["mean_rank"], float(np.mean(ranks)))
        assert agree(row["mean_rank_ci_high"], float(np.mean(ranks) + half_width))
