"""One partition's run where Inspect draws: eval sets in rounds, each imported when it has ended.

A sample counts when it is in a log. A round that was killed is gone on with by Inspect, which runs again only what had
not ended; further epochs and items are a round of their own.
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ingestion.logs.importer import FileReport, import_paths
from ingestion.sampling.agents.process import InspectProblemError, Watching, run_eval_set
from ingestion.sampling.agents.rounds import MOST_SAMPLES, Ran, Round, Sample, begin, next_round, rounds
from ingestion.sampling.drawing.connection import Connection
from ingestion.sampling.drawing.pace import Pace
from ingestion.sampling.drawing.partition_run import PartitionRun
from ingestion.sampling.drawing.summary import PartitionSummary
from ingestion.sampling.journal.records import locked
from ingestion.sampling.plans.partitions import holdings
from ingestion.sampling.plans.prices import price_of
from ingestion.sampling.spec.models import Price
from ingestion.sampling.spec.tasks import InspectTask
from warehouse.keys import digest
from warehouse.parquet import write_partition
from warehouse.raw import connect_raw

_LOOK_S = 5.0
_CACHE_WRITE = 1.25
"""What writing to Anthropic's cache costs, in prices of reading; Inspect wants it told."""

OnLoop = Callable[[Callable[[], None]], None]
"""Does something on the event loop, and waits for it."""


class EvalSetRun(PartitionRun):
    """A partition's run by Inspect."""

    _n_held = 0
    """Samples of the round that runs, for each of which the budget has set aside its limit."""

    @property
    def is_through(self) -> bool:
        """Always: the number of its epochs is fixed."""
        return True

    async def draw(self, connection: Connection, pace: Pace) -> PartitionSummary:
        """Run what is missing, also what an earlier run has left, and import what has ended.

        Raises:
            JournalError: if another sampler works on the partition.
        """
        with locked(self._folder):
            should_stop, loop = threading.Event(), asyncio.get_running_loop()

            def on_loop(act: Callable[[], None]) -> None:
                """Counts and budget are shared with what is drawn on the loop."""

                async def acted() -> None:
                    act()

                asyncio.run_coroutine_threadsafe(acted(), loop).result()

            work = asyncio.ensure_future(asyncio.to_thread(self._draw, should_stop, on_loop))
            try:
                await asyncio.shield(work)
            except asyncio.CancelledError:
                should_stop.set()
                await work
                raise
            held = holdings(self.part, self._folder)
            self._n_done = held.n_done
            return replace(self._summary(self.stop.reason), n_by_status=self._n_by_status(), tokens=held.tokens)

    def _draw(self, should_stop: threading.Event, on_loop: OnLoop) -> None:
        """In a thread: rounds, one after the other, until nothing is missing, or something is in the way."""
        self._write_model()
        tried: set[Sample] = set()
        while not should_stop.is_set() and self.stop.reason is None:
            there = rounds(self._folder)
            done = {key for one in there for key in one.done()}
            missing = [key for key in self._planned() if key not in done and key not in tried]
            if not missing:
                break
            one = next((one for one in there if self._is_to_go_on(one)), None)
            n = min(len(missing), MOST_SAMPLES) if one is None else len(one.samples - one.done())
            n_affordable = self._reserve(n, 1 if one is None else n, on_loop)
            if n_affordable is None:
                should_stop.wait(_LOOK_S)
                continue
            if n_affordable == 0 < n:
                self._stop_for_budget()
                break
            try:
                if one is None:
                    fresh = next_round(missing, n_affordable)
                    one = begin(self._folder, fresh.items, fresh.epochs)
                    tried |= one.samples
                self._run_round(one, should_stop, on_loop)
            finally:
                on_loop(lambda: self._settle(self._n_held))
            tried |= set(one.ran())  # what an old round left out is of the next one
        self._import_what_has_ended()

    def _planned(self) -> Iterator[Sample]:
        return ((self.part.item(planned).item_id, planned.epoch) for planned in self.part.planned())

    def _is_to_go_on(self, one: Round) -> bool:
        """Whether a round that did not end is to be gone on with: if all that it lacks is still planned."""
        return not one.has_ended and one.samples - one.done() <= set(self._planned())

    def _reserve(self, n: int, least: int, on_loop: OnLoop) -> int | None:
        """Set aside in the budget what samples can cost, each at its limit.

        Returns:
            For how many of `n` there is room; 0 if not for `least`, and None if there may be once others have settled.
        """
        budget, most = self._run.budget, self._most_usd
        is_idle = True

        def reserve() -> None:
            nonlocal is_idle
            while self._n_held < n and budget.reserve(most):
                self._n_held += 1
            if self._n_held < least:
                self._settle(self._n_held)
                is_idle = budget.is_idle

        on_loop(reserve)
        return self._n_held if self._n_held or is_idle else None

    def _settle(self, n: int, cost_usd: float = 0.0) -> None:
        """So many of the samples for which the budget has set something aside are through, and cost so much."""
        self._n_held -= n
        self._run.budget.settle(n * self._most_usd, cost_usd, n)

    def _stop_for_budget(self) -> None:
        budget = self._run.budget
        self.stop.because(
            f"budget_usd: ${budget.spent:.4f} of ${budget.limit:.4f} are spent, and a sample may cost up to "
            f"${self._task.cost_limit:.4f}; raise budget_usd, or lower cost_limit, which is another condition",
            is_failure=False,
        )

    @property
    def _most_usd(self) -> float:
        return 0.0 if self._is_free else self._task.cost_limit or 0.0

    @property
    def _price(self) -> Price | None:
        return price_of(self.part.model, self._run.spec.provider(self.part.model.provider))

    @property
    def _is_free(self) -> bool:
        return self._price is not None and self._price.input == self._price.output == 0

    @property
    def _task(self) -> InspectTask:
        assert self.part.inspect_task is not None
        return self.part.inspect_task

    def _run_round(self, one: Round, should_stop: threading.Event, on_loop: OnLoop) -> None:
        before = one.ran()
        counted = one.done()
        watching = Watching(lambda: self._count(one, counted, on_loop), _LOOK_S, should_stop.is_set)
        call: dict[str, Any] = {"task": self._task.task, "ids": list(one.ids), "price": self._told_price()}
        n, epochs = len(one.samples), _span(one)
        self._run.tell(f"{self.name}: {one.folder.name}, {n - len(counted):,} of {n:,} samples, epochs {epochs}")
        problem: InspectProblemError | None = None
        try:
            with _plain(one.logs.absolute()) as logs:
                call["options"] = self._options(one) | {"log_dir": str(logs)}
                run_eval_set(call, one.folder, self._run.spec.folder, watching)
            if should_stop.is_set() and one.samples - set(one.ran()):  # Inspect may call that a success
                raise InspectProblemError("interrupted", is_interrupted=True)
            one.end()
        except InspectProblemError as error:
            problem = error
        self._count(one, counted, on_loop)
        ran = one.ran()
        failed = [sample for key, sample in ran.items() if sample.error is not None and before.get(key) != sample]
        on_loop(lambda: self._settle(len(failed), sum(sample.cost_usd or 0.0 for sample in failed)))
        if problem is not None:
            self._stop_for(problem, one)
            return
        on_loop(lambda: self._tally.add_errors(len(failed)))
        if failed and len(failed) == len(ran):
            reason = f"all {len(failed):,} samples of a round failed, the last one: {failed[-1].error}"
            self.stop.because(reason, is_failure=True)

    def _stop_for(self, problem: InspectProblemError, one: Round) -> None:
        if problem.is_interrupted:
            self.stop.because("interrupted", is_failure=False)
            return
        reason = str(problem)
        if done := one.done():
            reason += f"; its {len(done):,} samples are imported when it has ended: run this again, or create "
            reason += f"{one.ended_file} to leave it at them"
        self.stop.because(reason, is_failure=True, needs_person=True)

    def _count(self, one: Round, counted: set[Sample], on_loop: OnLoop) -> None:
        """Count what is in the logs and was not counted yet."""
        fresh = [sample for key, sample in one.ran().items() if sample.error is None and key not in counted]
        counted |= {(sample.item_id, sample.epoch) for sample in fresh}
        if fresh:
            on_loop(lambda: self._count_in(fresh))

    def _count_in(self, fresh: Sequence[Ran]) -> None:
        costs = [sample.cost_usd for sample in fresh]
        self._settle(len(fresh), sum(self._most_usd if cost is None else cost for cost in costs))
        self._tally.add_drawn(costs)

    def _options(self, one: Round) -> dict[str, Any]:
        """What `inspect_ai.eval_set` takes, by its names; what is not given stays as the task and Inspect have it."""
        condition, model, task = self.part.condition, self.part.model, self._task
        provider = self._run.spec.provider(model.provider)
        n = len(one.ids) * len(one.epochs)
        options = {
            "model": model.id,
            "task_args": task.args,
            "epochs": len(one.epochs),
            "metadata": one.metadata,
            "sandbox": task.sandbox,
            **task.limits,
            "max_samples": task.max_samples,
            "retry_on_error": task.retry_on_error or None,
            "max_connections": provider.concurrency if "concurrency" in provider.model_fields_set else None,
            "log_buffer": max(1, min(10, n // 50)),  # each time the whole log is written; the rest is in its buffer
            "temperature": condition.temperature,
            "top_p": condition.top_p,
            "top_k": condition.top_k,
            "max_tokens": condition.max_tokens,
            "system_message": condition.system,
            "extra_body": condition.extra_body or None,
            "reasoning_tokens" if isinstance(condition.reasoning, int) else "reasoning_effort": condition.reasoning,
        }
        return {name: value for name, value in options.items() if value is not None}

    def _told_price(self) -> dict[str, float] | None:
        """The model's price as Inspect has it, from which it counts costs and holds `cost_limit`."""
        if (price := self._price) is None:
            return None
        return {
            "input": price.input,
            "output": price.output,
            "input_cache_read": price.input if price.cached_input is None else price.cached_input,
            "input_cache_write": _CACHE_WRITE * price.input,
        }

    def _import_what_has_ended(self) -> None:
        """Import the newest log of each round that is not to be gone on with; what is there already is passed over."""
        ended = [one for one in rounds(self._folder) if not self._is_to_go_on(one)]
        if logs := [log for one in ended if (log := one.newest_log()) is not None]:
            import_paths(logs, self._run.layout, log_format="inspect", n_workers=1, progress=self._tell_of)

    def _tell_of(self, file: FileReport) -> None:
        if file.outcome != "unchanged":
            self._run.tell(f"{file.path.name}: {file.message}")

    def _write_model(self) -> None:
        """What the spec says of the model, which logs do not."""
        model = self.part.model
        if model.family or model.param_count or model.type:
            row = self.part.model_row(model.id.partition("/")[0]) | {
                "source": "sampler",
                "ingested_at": datetime.now(UTC),
            }
            write_partition(self._run.layout, "models", [row], file_stem=f"sampler-{digest(model.id)}")

    def _n_by_status(self) -> dict[str, int]:
        """The partition's samples in the warehouse by status; of several copies the last."""
        run_ids = [run_id for one in rounds(self._folder) if (run_id := one.run_id()) is not None]
        with connect_raw(self._run.layout) as con:
            rows = con.execute(
                "select status, count(distinct sample_id) from raw.samples "
                "where run_id in (select unnest(?::varchar[])) group by all order by all",
                [run_ids],
            ).fetchall()
        return dict(rows)


@contextmanager
def _plain(folder: Path) -> Iterator[Path]:
    """The folder by a path without percent signs, which Inspect takes for escapes."""
    if "%" not in str(folder):
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="inspect-logs-") as place:
        link = Path(place, folder.name)
        link.symlink_to(folder, target_is_directory=True)
        yield link


def _span(one: Round) -> str:
    first, last = one.epochs[0], one.epochs[-1]
    is_run = one.epochs == tuple(range(first, last + 1))
    return (f"{first} to {last}" if last > first else str(first)) if is_run else ", ".join(map(str, one.epochs))
