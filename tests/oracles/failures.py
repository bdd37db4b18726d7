"""How items fail, what k runs come to and how wrong answers agree, by their definitions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import comb, prod

import numpy as np
from scipy import stats

from tests.oracles.decompositions import Array
from tests.oracles.pooling import share_ends

ONE_ANSWER, TWO_ANSWERS = 0.8, 0.9


def failure_mode(
    outcomes: Sequence[str], answers: Sequence[int], one_answer: float = ONE_ANSWER, two_answers: float = TWO_ANSWERS
) -> str | None:
    """The class of an item from what became of its samples and which options they chose.

    Args:
        outcomes: right, wrong_answer, format_failure, cut_off or refused, of each sample that is known.
        answers: the option of each right or wrong sample; none for graded answers.
        one_answer, two_answers: shares of an item's answers from which they count as one answer, and as two.
    """
    if len(outcomes) < 2:
        return None
    counts = Counter(outcomes)
    failures = {name: counts[name] for name in ("refused", "cut_off", "format_failure", "wrong_answer")}
    if not any(failures.values()):
        return "no_error"
    # Of equally many the one that is named first.
    most = max(failures, key=lambda name: failures[name])
    if most != "wrong_answer":
        return most
    n_answers = counts["right"] + counts["wrong_answer"]
    if counts["right"] >= one_answer * n_answers:
        return "slip"
    if not answers:
        return "wrong_answer"
    (first, *others) = [n for _, n in Counter(answers).most_common()]
    if first >= one_answer * n_answers:
        return "shared_belief"
    return "flip_flop" if first + others[0] >= two_answers * n_answers else "scatter"


def pass_hat(n: int, c: int, k: int) -> float:
    """tau-bench: C(c, k) / C(n, k)."""
    return float(Fraction(comb(c, k), comb(n, k)))


def pass_at(n: int, c: int, k: int) -> float:
    """HumanEval: 1 − C(n − c, k) / C(n, k)."""
    return float(1 - Fraction(comb(n - c, k), comb(n, k)))


def majority(n_right: int, n_blank: int, wrong: Sequence[int], k: int) -> float:
    """Share of the k-subsets in which the right answer has the most votes, by counting all their compositions."""
    counts = [n_right, n_blank, *wrong]
    total = Fraction(0)
    for drawn in _compositions(k, counts):
        right, others = drawn[0], drawn[2:]
        if right and right >= max(others, default=0):
            total += Fraction(prod(map(comb, counts, drawn)), 1 + sum(votes == right for votes in others))
    return float(total / comb(sum(counts), k))


def _compositions(total: int, most: Sequence[int]) -> Iterator[tuple[int, ...]]:
    if len(most) == 1:
        if total <= most[0]:
            yield (total,)
        return
    for first in range(min(total, most[0]) + 1):
        for rest in _compositions(total - first, most[1:]):
            yield first, *rest


def share_interval(values: Array, most: float) -> tuple[float | None, float | None]:
    """Wilson's interval of the mean of values in [0, 1], with as many items as would scatter so were each 0 or 1.

    most: as many as which none can count for more (samples, or pairs of grades).
    """
    n, mean = len(values), float(np.mean(values))
    if n < 2:
        return None, None
    size = float(n)
    if mean not in (0, 1):
        apart = values - mean
        # Items that would scatter so, were each 0 or 1; few that decide are few, and none scatter more than those.
        size = n - 1.0
        if apart.any():
            variance, freedom = float(np.var(values, ddof=1)) / n, np.sum(apart**2) ** 2 / np.sum(apart**4)
            fewer = stats.t.ppf(0.975, n - 1) / stats.t.ppf(0.975, float(np.clip(freedom, 1, n - 1)))
            size = max(size, mean * (1 - mean) / variance * float(fewer) ** 2)
        size = min(size, most)
    return share_ends(mean, size)
