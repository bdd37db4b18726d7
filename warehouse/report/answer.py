"""The answer in three sentences, made from rows: is it a hot mess, is it worse with longer reasoning, how sure is that.

Rows are counted and their extremes named; nothing is estimated, and what cannot be told stays so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from warehouse.report.pools import BIAS, LONGER, OPEN, SCATTER, Pool
from warehouse.report.words import counted, decomposition, interval, length, number, percent, verdict

Row = dict[str, Any]

LEANINGS = {
    SCATTER: "more of the error is scatter than bias: a hot mess rather than a fixed mistake",
    BIAS: "more of the error is bias than scatter: the same mistake again rather than a hot mess",
    OPEN: "whether more of the error is scatter or bias cannot be told",
}


def sentences(shown: Sequence[Pool], findings: Sequence[Row]) -> list[tuple[str, str]]:
    """Three pairs of a question and its answer."""
    headline = [row for row in findings if row["finding"] == LONGER]
    return [
        ("A hot mess?", _hot_mess(shown)),
        ("Longer reasoning?", _longer(headline, shown)),
        ("How sure?", _sure(headline, shown)),
    ]


def _hot_mess(shown: Sequence[Pool]) -> str:
    told = [pool for pool in shown if pool.row["incoherence_unbiased"] is not None]
    if not told:
        return "This cannot tell: nothing here has an incoherence. It takes several samples of items that went wrong."
    if len(shown) == 1:
        (pool,) = told
        return f"{pool.name} on {pool.row['task']} has incoherence {_estimate(pool)}: {LEANINGS[pool.leans]}."
    leanings = Counter(pool.leans for pool in told)
    low, high = (end(told, key=lambda pool: pool.row["incoherence_unbiased"]) for end in (min, max))
    parts = [
        f"{n} clearly more {words}"
        for n, words in ((leanings[SCATTER], "scatter than bias"), (leanings[BIAS], "bias than scatter"))
        if n
    ]
    parts += [f"{leanings[OPEN]} cannot tell"] if leanings[OPEN] else []
    several = len({pool.row["task"] for pool in shown}) > 1
    return (
        f"Of {counted(len(told), 'pool')} (model × condition × task), {', '.join(parts)}; incoherence goes from "
        f"{_estimate(low)} for {_named(low, several)} to {_estimate(high)} for {_named(high, several)}."
    )


def _named(pool: Pool, with_task: bool) -> str:
    return pool.name + (f" on {pool.row['task']}" if with_task else "")


def _estimate(pool: Pool) -> str:
    return number(pool.row["incoherence_unbiased"], ".2f") + (f" ({pool.interval})" if pool.interval else "")


def _longer(headline: Sequence[Row], shown: Sequence[Pool]) -> str:
    if not headline:
        return "Nothing here can tell: it takes counts of tokens or actions, and errors, on items of different length."
    by_model = Counter(pool.slope[1] for pool in shown if pool.slope is not None)
    one_by_one = f" Model by model: {_verdicts(by_model)}." if len(shown) > 1 and by_model else ""
    if len(headline) > 1:
        verdicts = Counter(row["verdict"] for row in headline)
        return f"Over {len(headline):,} pairs of task and condition: {_verdicts(verdicts)}.{one_by_one}"
    (row,) = headline
    if row["statistic"] is None:
        return f"{verdict(row['verdict']).capitalize()}: there is no slope to be had.{one_by_one}"
    ends = interval(row["statistic_ci_low"], row["statistic_ci_high"], "+.2f")
    return (
        f"{verdict(row['verdict']).capitalize()}: {decomposition(row['decomposition'])} incoherence goes as the power "
        f"{number(row['statistic'], '+.2f')} of {length(row['length_axis'])}"
        f"{f' (95 % interval {ends})' if ends else ''}.{one_by_one}"
    )


def _verdicts(verdicts: Counter[str]) -> str:
    """Counts of verdicts, the most frequent first."""
    return ", ".join(f"{verdict(name)} in {n}" for name, n in verdicts.most_common())


def _sure(headline: Sequence[Row], shown: Sequence[Pool]) -> str:
    parts = []
    shares = [row["share_same_verdict"] for row in headline if row["share_same_verdict"] is not None]
    if shares:
        low, high = min(shares), max(shares)
        share = percent(low) if percent(low) == percent(high) else f"{percent(low)} to {percent(high)}"
        parts.append(f"{share} of the ways to analyse the same data end in the same verdict on longer reasoning")
    more = [row["n_more"] for row in headline if row["verdict"] == "cannot_tell" and row["n_more"]]
    if more:
        items = f"{min(more):,}" if len(set(more)) == 1 else f"{min(more):,} to {max(more):,}"
        parts.append(f"some {items} more items would decide where it cannot tell")
    without = sum(pool.row["incoherence_unbiased_ci_low"] is None for pool in shown)
    if without:
        which = "it has" if len(shown) == 1 else f"{without} of {len(shown)} pools have"
        parts.append(f"{which} no honest interval, and a word why")
    if not parts:
        parts.append("intervals are 95 % ones, each for itself")
    text = "; ".join(parts)
    return text[:1].upper() + text[1:] + "."
