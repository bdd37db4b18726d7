"""Reading lm-evaluation-harness: `samples_<task>_<time>.jsonl` (written with `--log_samples`), one line at a time.

- Every repeat is a sample; the harness itself scores the first alone.
- `multiple_choice`: probabilities are the softmax of the options' log-probabilities. `generate_until`: a letter where
  the document has options and its target is one of them, else the score. `loglikelihood`: whether the continuation is
  the greedy one.
- Several filters are several readings of the same completions: the first that looks at each repeat alone is taken.
- Model, settings and few-shot count come from `results_<same time>.json` beside it. The harness keeps no token counts,
  reasoning, finish reason or errors, so those are NULL.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingestion.logs.json_text import BAD_JSON, check_keys, decode, why
from ingestion.logs.lines import numbered_lines
from ingestion.logs.lm_eval.document import Document
from ingestion.logs.lm_eval.files import files_of, has_samples_name
from ingestion.logs.lm_eval.metric import Metric
from ingestion.logs.lm_eval.run import LmEvalRun, read_run
from ingestion.logs.lm_eval.sample import Tally, document_rows
from ingestion.logs.records import Notice, Record, RefusedFileError, Row, Run, ScoredBy, ScoresWithdrawn, Unreadable
from ingestion.logs.score_options import ScoreOptions

READER_VERSION = 5
_HEAD_BYTES = 1 << 20


class LmEvalFormat:
    """Samples of lm-evaluation-harness with the results beside them.

    Args:
        options: which metric to read (by default the task's first), and what it means.
    """

    name = "lm_eval"
    suffixes: tuple[str, ...] = (".jsonl",)

    def __init__(self, options: ScoreOptions | None = None) -> None:
        self._options = options or ScoreOptions()

    @property
    def reader_version(self) -> int:
        """The version, and what was asked for."""
        return self._options.version(READER_VERSION)

    def is_current(self, version: int) -> bool:
        """Whether that version gives the same rows."""
        return self._options.is_current(version, READER_VERSION)

    def sniff(self, path: Path) -> bool:
        """Whether it is named as the harness names its samples, or its first line has a document with responses."""
        if has_samples_name(path):
            return True
        try:
            with path.open("rb") as handle:
                head = handle.read(_HEAD_BYTES)
        except OSError:
            return False
        line = head.partition(b"\n")[0]
        return line[:1] == b"{" and all(f'"{name}":'.encode() in line for name in ("doc_id", "resps", "filtered_resps"))

    def companions(self, path: Path) -> tuple[Path, ...]:
        """The results that it belongs to."""
        files = files_of(path)
        return (files.results,) if files is not None and files.results.is_file() else ()

    def read(self, path: Path) -> Iterator[Record]:
        """The run, then model and samples with their items, what could not be read, and what to beware of."""
        run = read_run(path)
        yield Run(run.run_id, "success", run.task, run.model["model_id"], run.tool_version)
        yield Row("models", run.model)
        metric = Metric(run.config, run.more_is_better, self._options)
        tally, seen, left_out, n_unread = Tally(metric), set[Any](), Counter[str](), 0
        n_lines = Counter[Any]()
        for place, line in numbered_lines(path):
            if isinstance(line, Unreadable):
                n_unread += 1
                yield line
                continue
            try:
                document = decode(line, Document)
                n_lines[document.doc_id] += 1
                filter_name = document.filter or _unnamed_filter(run, n_lines[document.doc_id])
                if filter_name != run.chosen.name and _knows(run, filter_name):
                    left_out[filter_name] += 1
                    continue
                if document.doc_id in seen:
                    raise ValueError(f"doc_id {document.doc_id!r} occurs more than once; the first one counts")
                fields = decode(line, dict[str, Any])
                check_keys(line, fields)
                rows = list(document_rows(document, fields, run, tally))
                seen.add(document.doc_id)
            except BAD_JSON as error:
                n_unread += 1
                yield Unreadable(place, why(error), line[:200].decode("utf-8", "replace"))
                continue
            yield from rows
            n_repeats = sum(row.table == "samples" for row in rows)
            if run.n_repeats is not None and n_repeats != run.n_repeats:
                reason = f"{n_repeats} repeats where the task asks for {run.n_repeats}: edited or damaged"
                yield Unreadable(place, reason)
        if not seen:
            raise RefusedFileError(f"no document in it was read by filter {run.chosen.name!r}; is the file complete?")
        if run.n_documents is not None and len(seen) + n_unread < run.n_documents:
            reason = f"the run had {run.n_documents} documents and the file holds {len(seen)}: cut short or edited"
            yield Unreadable("documents", reason)
        if metric.name is not None:
            yield ScoredBy(f"metric {metric.name!r}")
        if (withdrawn := metric.withdrawn) is not None:
            yield ScoresWithdrawn(withdrawn)
        yield from (Notice(text) for text in _notices(run, tally, left_out))


def _unnamed_filter(run: LmEvalRun, n: int) -> str:
    """The filter of a document's n-th line: before 0.4.3 lines do not name it, and stand in the filters' order."""
    return run.filters[min(n, len(run.filters)) - 1].name


def _knows(run: LmEvalRun, name: str) -> bool:
    return any(known.name == name for known in run.filters)


def _notices(run: LmEvalRun, tally: Tally, left_out: Counter[str]) -> Iterator[str]:
    if tally.n_repeated and tally.n_identical == tally.n_repeated:
        if run.output_type == "generate_until":
            yield (
                "WARNING: all repeats of every item are identical, so the variance is zero by construction: lm-eval "
                "sends the same seed (1234) with each request to an API, and greedy decoding has no randomness; draw "
                "again with a temperature above 0 and one run per repeat, each with its own model_args seed="
            )
        else:
            yield "WARNING: log-probabilities do not vary between repeats, so the variance is zero by construction"
    if left_out:
        yield f"filter {run.chosen.name!r} was read; {', '.join(sorted(left_out))} filter the same completions"
    metric = tally.metric
    if metric.others and run.output_type != "multiple_choice":
        others = ", ".join(metric.others)
        yield f"scores are those of metric {metric.name!r}; there are {others} too: --scorer NAME reads another"
    if metric.lower_is_better and run.output_type == "generate_until":
        yield f"less is better in metric {metric.name!r}, so scores are 1 less its values"
    if tally.n_contradicted:
        yield (
            f"{tally.n_contradicted} items have a target that the harness's own acc contradicts; the right option is "
            "told by acc where there are two options, and not known otherwise"
        )
