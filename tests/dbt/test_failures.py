"""How items fail, how far k runs can be relied on, and how wrong answers agree: against the definitions."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import Any

import duckdb
import numpy as np
import pytest

from benchmarks import failure_coverage, matched_null
from tests.dbt.conftest import Built, agree
from tests.oracles.answers import ItemKey
from tests.oracles.corrected import Unit, estimate
from tests.oracles.failures import failure_mode, majority, pass_at, pass_hat, share_interval
from tests.oracles.matched import Counts, matched, plain
from warehouse.layout import Layout

POOL = ("task", "model_id", "condition_id")
ITEM = (*POOL, "item_id")
RUNS = (*range(1, 11), 15, 20, 30, 50, 100, 200, 500, 1000)

Outcomes = dict[ItemKey, list[tuple[str, int | None]]]


@pytest.fixture(scope="module")
def outcomes(built: Built) -> Outcomes:
    """Outcome and option of every sample that is known, by item; options from raw rows, grades from is_correct."""
    found: Outcomes = {key: [("refused", None)] * answers.n_refused for key, answers in built.answers.items()}
    for key, answers in built.answers.items():
        for sample, choice in zip(answers.samples, answers.predicted, strict=True):
            is_limit = sample["status"] == "limit" or sample.get("finish_reason") == "length"
            unusable = "cut_off" if is_limit else "format_failure"
            told = "right" if choice == answers.target else "wrong_answer"
            found[key].append((unusable if choice is None else told, choice))
    for row in built.rows("marts.fct_sample"):
        key = tuple(row[name] for name in ITEM)
        if key in built.answers:
            continue
        samples = found.setdefault(key, [])
        if row["status"] == "refused":
            samples.append(("refused", None))
        elif row["status"] != "error" and row["is_correct"] is not None:
            if row["is_correct"]:
                samples.append(("right", None))
            elif row["status"] == "limit" or row["finish_reason"] == "length":
                samples.append(("cut_off", None))
            else:
                samples.append(("format_failure" if row["is_format_failure"] else "wrong_answer", None))
    return found


def pools(outcomes: Outcomes) -> dict[tuple[str, ...], dict[str, list[tuple[str, int | None]]]]:
    found: dict[tuple[str, ...], dict[str, list[tuple[str, int | None]]]] = defaultdict(dict)
    for key, samples in outcomes.items():
        found[key[:3]][key[3]] = samples
    return found


def mode_of(samples: list[tuple[str, int | None]], *thresholds: float) -> str | None:
    chosen = [choice for _, choice in samples if choice is not None]
    return failure_mode([told for told, _ in samples], chosen, *thresholds)


def test_every_item_has_the_class_of_its_samples(built: Built, outcomes: Outcomes) -> None:
    rows = built.rows("marts.fct_item_failure_modes")
    assert {tuple(row[name] for name in ITEM) for row in rows} == set(outcomes) and len(rows) == len(outcomes)
    for row in rows:
        samples = outcomes[row["task"], row["model_id"], row["condition_id"], row["item_id"]]
        judged = [told for told, _ in samples if told != "refused"]
        expected = None if row["n_unjudged"] and not judged else mode_of(samples)
        assert row["failure_mode"] == expected, (row, samples)
        assert (row["failure_mode_note"] is None) == (expected is not None)
        counts = Counter(told for told, _ in samples)
        for outcome in ("right", "format_failure", "wrong_answer"):
            name = f"n_{outcome}s" if outcome != "right" else "n_right"
            assert row[name] == counts[outcome], row
        assert (row["n_cut_off"], row["n_refused"]) == (counts["cut_off"], counts["refused"])
    seen = {row["failure_mode"] for row in rows}
    assert seen >= {"no_error", "slip", "shared_belief", "flip_flop", "scatter", "wrong_answer", "format_failure", None}


def test_shares_of_failure_modes(built: Built, outcomes: Outcomes) -> None:
    found = pools(outcomes)
    rows = built.rows("figures.fig_failure_modes")
    totals: Counter[tuple[str, ...]] = Counter()
    for row in rows:
        pool = tuple(row[name] for name in POOL)
        modes = [mode for samples in found[pool].values() if (mode := mode_of(samples)) is not None]
        values = np.array([mode == row["failure_mode"] for mode in modes], dtype=float)
        assert (row["n_items"], row["n_items_of_mode"]) == (len(modes), values.sum()), row
        low, high = share_interval(values, np.inf)
        assert agree(row["share_of_items"], float(values.mean()))
        assert agree(row["share_of_items_ci_low"], low) and agree(row["share_of_items_ci_high"], high), row
        totals[pool] += row["n_items_of_mode"]
    assert totals and all(totals[tuple(row[name] for name in POOL)] == row["n_items"] for row in rows)


def test_other_thresholds_of_failure_modes(built: Built, outcomes: Outcomes) -> None:
    found = pools(outcomes)
    rows = built.rows("figures.fig_multiverse", "finding = 'how_items_fail'")
    ways: dict[tuple[Any, ...], list[str | None]] = {}
    shares: dict[tuple[Any, ...], list[float]] = defaultdict(list)
    for row in rows:
        pool, thresholds = tuple(row[name] for name in POOL), (row["one_answer_share"], row["two_answer_share"])
        for way in (thresholds, (0.8, 0.9)):
            given = (way[0], way[1] or 1.0)
            if (pool, way) not in ways:
                modes = [mode_of(samples, *given) for samples in found[pool].values()]
                ways[pool, way] = [mode for mode in modes if mode is not None]
        values = np.array([mode == row["failure_mode"] for mode in ways[pool, thresholds]], dtype=float)
        low, high = share_interval(values, np.inf)
        assert agree(row["statistic"], float(values.mean())), row
        assert agree(row["statistic_ci_low"], low) and agree(row["statistic_ci_high"], high), row
        assert row["verdict"] == most_frequent(ways[pool, thresholds])
        assert row["finding_verdict"] == most_frequent(ways[pool, (0.8, 0.9)])
        assert row["agrees"] == (row["verdict"] == row["finding_verdict"])
        shares[*pool, row["failure_mode"]].append(row["statistic"])
    for row in built.rows("figures.fig_failure_modes"):
        spread = shares.get(tuple(row[name] for name in (*POOL, "failure_mode")), [row["share_of_items"]])
        assert agree(row["share_of_items_least"], min(spread)) and agree(row["share_of_items_most"], max(spread)), row
    # Options at every combination of three and three, grades at the three that concern them.
    assert {len(spread) for spread in shares.values()} == {3, 9} and not all(row["agrees"] for row in rows)


MODES = ("slip", "shared_belief", "flip_flop", "scatter", "wrong_answer", "format_failure", "cut_off", "refused")


def most_frequent(modes: list[str | None]) -> str:
    counts = [modes.count(mode) for mode in MODES]
    return MODES[int(np.argmax(counts))] if any(counts) else "no_error"


def runs_of(samples: list[tuple[str, int | None]]) -> tuple[int, int, int, list[int]]:
    """Runs, right ones, ones without an answer, and how often each wrong option was chosen."""
    counts = Counter(told for told, _ in samples if told != "refused")
    wrong = Counter(choice for told, choice in samples if told == "wrong_answer")
    return counts.total(), counts["right"], counts["format_failure"] + counts["cut_off"], list(wrong.values())


def test_reliability_is_the_closed_form_averaged_over_items(built: Built, outcomes: Outcomes) -> None:
    found = pools(outcomes)
    rows = built.rows("figures.fig_reliability")
    priced = "(select task, model_id, condition_id, avg(cost_usd) as cost from marts.fct_sample group by all)"
    costs = {tuple(row[n] for n in POOL): row["cost"] for row in built.rows(priced, "cost is not null")}
    unequal = 0
    for row in rows:
        pool = tuple(row[name] for name in POOL)
        counts = [runs_of(samples) for samples in found[pool].values()]
        entering = [item for item in counts if item[0] >= row["k"]]
        has_runs = sum(item[0] > 0 for item in counts)
        assert (row["n_items"], row["n_items_with_fewer"]) == (len(entering), has_runs - len(entering)), row
        assert row["n_samples"] == sum(item[0] for item in entering)
        unequal += row["n_items_with_fewer"] > 0
        for rate, of_item in (("pass_hat_k", pass_hat), ("pass_at_k", pass_at)):
            _agree_on_share(row, rate, [of_item(n, c, row["k"]) for n, c, _, _ in entering])
        assert row["k"] > 1 or agree(row["pass_hat_k"], row["pass_at_k"])
        assert (row["cost_usd_per_item"] is None) == (pool not in costs)
        assert pool not in costs or agree(row["cost_usd_per_item"], row["k"] * costs[pool])
    assert unequal > 20 and costs
    for pool, items in found.items():
        most = max(runs_of(samples)[0] for samples in items.values())
        told = {row["k"] for row in rows if tuple(row[name] for name in POOL) == pool}
        assert told == {k for k in RUNS if k <= most}


def test_the_majority_is_counted_over_all_subsets(built: Built, outcomes: Outcomes) -> None:
    found = pools(outcomes)
    # All numbers of votes with few runs; some of them with 320.
    rows = built.rows("figures.fig_reliability", "task <> 'independent' or k in (2, 5, 30)")
    voted = 0
    for row in rows:
        pool = tuple(row[name] for name in POOL)
        has_options = all((*pool, item) in built.answers for item in found[pool])
        if not has_options or row["k"] > 30:
            assert row["majority_at_k"] is None and row["majority_at_k_ci_low"] is None
            continue
        entering = [runs for samples in found[pool].values() if (runs := runs_of(samples))[0] >= row["k"]]
        _agree_on_share(row, "majority_at_k", [majority(c, b, w, row["k"]) for _, c, b, w in entering], entering)
        voted += 1
    assert voted > 100


def _agree_on_share(row: dict[str, Any], name: str, values: list[float], items: list[Any] | None = None) -> None:
    assert agree(row[name], float(np.mean(values))), (name, row, np.mean(values))
    low, high = share_interval(np.array(values), row["n_samples"])
    assert agree(row[f"{name}_ci_low"], low) and agree(row[f"{name}_ci_high"], high), (name, row, low, high)


def test_thousands_of_runs_do_not_overflow(built: Built) -> None:
    items = [("a", 1_000, 400), ("b", 2_000, 1_999), ("c", 1_000, 0)]
    with warehouse(built.layout) as con:
        con.execute("create schema warehouse.intermediate; use warehouse.intermediate")
        con.execute(
            "create table int_item_votes as select 't' as task, 'm' as model_id, 'c' as condition_id, item_id, "
            "cast(n as bigint) as n_samples, cast(c as bigint) as n_right, cast(null as varchar) as vote_pattern "
            f"from (values {', '.join(map(str, items))}) as given(item_id, n, c)"
        )
        con.execute("create table int_majority_votes(vote_pattern varchar, k bigint, majority_at_k double)")
        rows = con.sql(compiled(built.layout, "int_item_reliability")).pl().to_dicts()
    counts = {item: (n, c) for item, n, c in items}
    assert {row["k"] for row in rows} == set(RUNS)
    for row in rows:
        n, c = counts[row["item_id"]]
        assert agree(row["pass_hat_k"], pass_hat(n, c, row["k"])) and agree(row["pass_at_k"], pass_at(n, c, row["k"]))


def warehouse(layout: Layout) -> duckdb.DuckDBPyConnection:
    """An empty database under the name that compiled SQL knows it by."""
    con = duckdb.connect()
    con.execute(f"attach ':memory:' as {layout.build_database.stem}")
    return con


def compiled(layout: Layout, model: str) -> str:
    (path,) = (layout.dbt_target / "compiled" / "incoherence" / "models").rglob(f"{model}.sql")
    return path.read_text()


def test_intervals_hold_planted_truths(built: Built) -> None:
    """A few hundred experiments; all populations and sizes: benchmarks/failure_coverage.py."""
    queries = {model: compiled(built.layout, model) for model in failure_coverage.MODELS}
    found = failure_coverage.simulate(queries, "typical", (50, 10), 300, seed=2, n_truth=20_000)
    assert {"shared_belief", "scatter", "pass_hat_k 3", "pass_at_k 3", "majority_at_k 3", "agreement"} <= set(found)
    assert not [fault for name, cell in found.items() for fault in failure_coverage.faults(name, cell)]
    assert all(cell.n_shown == 300 for cell in found.values())


def test_recorded_intervals_hold_planted_truths() -> None:
    recorded = json.loads(failure_coverage.RESULT.read_text())
    assert len(recorded) > len(failure_coverage.POPULATIONS) * len(failure_coverage.SIZES) * 15
    for name, numbers in recorded.items():
        assert not failure_coverage.faults(name, failure_coverage.Cell(**numbers))


def test_wrong_answers_agree_as_often_as_their_pairs(built: Built, outcomes: Outcomes) -> None:
    found = pools(outcomes)
    rows = built.rows("figures.fig_agreement")
    assert {row["task"] for row in rows} == {"four", "many", "study", "independent", "budgets"}
    for row in rows:
        units, by_chance = [], 0.0
        for item, samples in found[row["task"], row["model_id"], row["condition_id"]].items():
            n_classes = built.answers[row["task"], row["model_id"], row["condition_id"], item].probs.shape[1]
            wrong = runs_of(samples)[3]
            n_pairs = sum(wrong) * (sum(wrong) - 1)
            if n_pairs and n_classes > 2:
                units.append(Unit(error=n_pairs, variance=sum(n * (n - 1) for n in wrong)))
                by_chance += n_pairs / (n_classes - 1)
        expected = estimate(units)
        assert (row["n_items"], row["n_wrong_pairs"]) == (len(units), sum(unit.error for unit in units) / 2)
        assert agree(row["agreement"], expected.ratio) and agree(row["n_effective"], expected.n_effective)
        assert agree(row["agreement_ci_low"], expected.low) and agree(row["agreement_ci_high"], expected.high)
        assert agree(row["agreement_at_random"], by_chance / sum(unit.error for unit in units))


def test_incoherence_at_one_accuracy(built: Built, outcomes: Outcomes) -> None:
    rows = built.rows("figures.fig_accuracy_matched")
    notes: Counter[str | None] = Counter()
    for row in rows:
        sides = [letters(built, outcomes, row, side) for side in ("", "other_")]
        shared = sorted(set(sides[0]) & set(sides[1]))
        one, other = ([side[item] for item in shared] for side in sides)
        accuracies = [float(np.mean([item.right / item.total for item in side])) for side in (one, other)]
        assert row["n_items"] == len(shared)
        assert agree(row["accuracy"], accuracies[0]) and agree(row["other_accuracy"], accuracies[1])
        assert agree(row["incoherence_unbiased"], plain(one)), row
        assert agree(row["other_incoherence_unbiased"], plain(other))
        notes[row["matched_note"]] += 1
        expected = matched(one, other) if row["matched_note"] in (None, "no_spread") else None
        if expected is not None and expected.high - expected.low > 1e-12:
            assert row["matched_note"] is None
            assert agree(row["odds_factor"], expected.factor), (row, expected)
            assert agree(row["matched_incoherence"], expected.incoherence), (row, expected)
            assert agree(row["matched_difference"], expected.difference)
            assert agree(row["matched_difference_ci_low"], expected.low), (row, expected)
            assert agree(row["matched_difference_ci_high"], expected.high)
        else:
            assert row["matched_incoherence"] is None and row["matched_difference_ci_low"] is None
    assert notes[None] > 5, notes


def letters(built: Built, outcomes: Outcomes, row: dict[str, Any], side: str) -> dict[str, Counts]:
    """Items that a pool of a pair answered in letters five times or more."""
    pool = row["task"], row[f"{side}model_id"], row[f"{side}condition_id"]
    found = {}
    for (*key, item), samples in outcomes.items():
        answers = built.answers.get((*pool, item))
        if tuple(key) == pool and answers is not None:
            is_stated = any(
                sample["class_probs"] is not None and choice is not None
                for sample, choice in zip(answers.samples, answers.predicted, strict=True)
            )
            _, n_right, _, wrong = runs_of(samples)
            if not is_stated and n_right + sum(wrong) > 4:
                found[item] = Counts(n_right, tuple(wrong))
    return found


def test_matched_incoherence_sees_scatter_and_not_accuracy(built: Built) -> None:
    """The recorded null, and a planted difference: of equally accurate models one scatters where the other believes."""
    queries = {model: compiled(built.layout, model) for model in matched_null.MODELS}
    rng = np.random.default_rng(5)
    counts = [matched_null.padded(rng.multinomial(10, probs)) for probs in matched_null.planted(200, rng)]
    ((difference, half_width, note),) = matched_null.differences(queries, *counts)
    assert note is None and difference is not None and half_width is not None and difference - half_width > 0.1
    recorded = json.loads(matched_null.RESULT.read_text())
    assert len(recorded) == len(matched_null.POPULATIONS) * len(matched_null.SIZES) * len(matched_null.LOGITS)
    for name, numbers in recorded.items():
        assert not matched_null.faults(name, failure_coverage.Cell(**numbers))
