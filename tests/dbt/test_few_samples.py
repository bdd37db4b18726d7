"""Few samples, contexts, smoothing and format failures, against the definitions."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import Any

import numpy as np
import pytest
from scipy import stats

from tests.dbt.conftest import Built, agree
from tests.dbt.test_ensembling import ORACLES, in_order
from tests.oracles.answers import ItemAnswers
from tests.oracles.decompositions import Array, kl
from tests.oracles.pooling import buckets, incoherence, ratio_interval

Pool = dict[str, ItemAnswers]


def pool_of(built: Built, row: dict[str, Any]) -> Pool:
    key = (row["task"], row["model_id"], row["condition_id"])
    return {full[3]: answers for full, answers in built.answers.items() if full[:3] == key and len(answers.probs)}


@pytest.mark.parametrize("decomposition", ["kl", "brier"])
def test_blocks_of_few_samples_agree_with_the_oracle(built: Built, decomposition: str) -> None:
    oracle, corrected = ORACLES[decomposition]
    rows = built.rows("figures.fig_sample_efficiency", f"task = 'study' and decomposition = '{decomposition}'")
    assert {row["n_samples_per_item"] for row in rows} == {3, 5, 10}
    for row in rows:
        pool, size = pool_of(built, row), row["n_samples_per_item"]
        n_blocks = int(np.median([len(answers.probs) for answers in pool.values()]) // size)
        entering = [answers for answers in pool.values() if len(answers.probs) >= n_blocks * size]
        estimates = []
        for block in range(n_blocks):
            parts = [(in_order(a)[block * size : (block + 1) * size], a.target) for a in entering]
            errors = [oracle(*part).error for part in parts]
            if row["estimator"] == "plug_in":
                splits = [(oracle(*part).bias_sq, oracle(*part).variance) for part in parts]
            else:
                splits = [corrected(*part) for part in parts]
            bias_sq, variance = np.mean(np.array(splits, dtype=float), axis=0)
            estimates.append((bias_sq, variance, variance / np.mean(errors)))
        assert (row["n_blocks"], row["n_items"]) == (n_blocks, len(entering))
        for index, measure in enumerate(("bias_sq", "variance", "incoherence")):
            values = np.array(estimates)[:, index]
            assert agree(row[measure], float(values.mean())), row
            assert agree(row[f"{measure}_sd"], float(values.std(ddof=1)) if n_blocks > 1 else None)
        everything = [(corrected(a.probs, a.target), oracle(a.probs, a.target).error) for a in pool.values()]
        total = sum(pair[0][1] or 0.0 for pair in everything)
        assert agree(row["incoherence_all"], total / sum(error for _, error in everything))


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


def test_other_smoothings_agree_with_the_oracle(built: Built) -> None:
    rows = built.rows("figures.fig_sensitivity", "task in ('study', 'four')")
    assert {row["kl_delta"] for row in rows} == {1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 1e-2}
    for row in rows:
        points: dict[int, list[tuple[float, float]]] = defaultdict(list)
        pool = pool_of(built, row)
        lengths = {item: a.mean_length("reasoning_tokens") for item, a in pool.items()}
        bucket_of = buckets({item: length for item, length in lengths.items() if length is not None})
        splits = []
        for item, answers in pool.items():
            kept = answers.part([row["format_failures"] == "included" or c is not None for c in answers.predicted])
            if not len(kept.probs):
                continue
            split = kl(kept.probs, answers.target, row["kl_delta"])
            splits.append(split)
            if item in bucket_of:
                points[bucket_of[item]].append((split.variance, split.error))
        variances, errors = np.array([s.variance for s in splits]), np.array([s.error for s in splits])
        assert row["n_items"] == len(splits)
        assert agree(row["error"], float(errors.mean())) and agree(row["variance"], float(variances.mean()))
        assert agree(row["incoherence"], incoherence(variances, errors))
        low, high = ratio_interval(variances, errors)
        assert agree(row["incoherence_ci_low"], low) and agree(row["incoherence_ci_high"], high)
        assert row["n_points"] + row["n_dropped"] == len(points)


def test_format_failures_are_counted_with_wilson_intervals(built: Built) -> None:
    rows = built.rows("figures.fig_format_failures", "task in ('study', 'four', 'many')")
    for row in rows:
        predicted = [choice for answers in pool_of(built, row).values() for choice in answers.predicted]
        n_failed = sum(choice is None for choice in predicted)
        assert (row["n_samples"], row["n_format_failures"]) == (len(predicted), n_failed)
        interval = stats.binomtest(n_failed, len(predicted)).proportion_ci(method="wilson")
        assert agree(row["failure_rate_ci_low"], interval.low) and agree(row["failure_rate_ci_high"], interval.high)


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


def test_waits_are_words_over_tokens(built: Built) -> None:
    rows = built.rows("figures.fig_wait_ratio", "task = 'study' and decomposition = 'kl'")
    assert rows
    for row in rows:
        ratios = {}
        for item, answers in pool_of(built, row).items():
            waits = sum(len(re.findall("wait", sample["reasoning"].lower())) for sample in answers.samples)
            ratios[item] = waits / sum(sample["reasoning_tokens"] for sample in answers.samples)
        members = [item for item, bucket in buckets(ratios).items() if bucket == row["bucket"]]
        assert row["n_items"] == len(members)
        assert agree(row["wait_ratio"], float(np.mean([ratios[item] for item in members])))


def test_transcripts_add_up_to_the_samples_of_the_most_variable_items(built: Built) -> None:
    rows = built.rows("figures.fig_transcripts", "task = 'study' and model_id = 'fam-1'")
    for condition in {row["condition_id"] for row in rows}:
        here = [row for row in rows if row["condition_id"] == condition]
        pool = pool_of(built, here[0])
        variances = {item: kl(answers.probs, answers.target).variance for item, answers in pool.items()}
        top = sorted(variances, key=lambda item: (-round(variances[item], 9), item))[:5]
        assert [next(r["item_id"] for r in here if r["variance_rank"] == rank) for rank in range(1, 6)] == top
        for item in top:
            answers = [row for row in here if row["item_id"] == item]
            assert sum(row["n_samples"] for row in answers) == len(pool[item].probs)
            (right,) = [row for row in answers if row["is_correct"]] or [None]
            if right is not None:
                assert right["answer"] == "ABCD"[pool[item].target]


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
