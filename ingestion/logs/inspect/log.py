"""Reading Inspect logs (`.eval` archives and `.json` files) without inspect-ai, one sample at a time.

Streaming the archive reads 20,000 samples in seconds and tens of MiB, where the library takes half a minute and more
than a GiB. How a run ended:

- `success`, `cancelled`, `error`: as the log says; the samples that it holds are loaded and marked.
- `started`: a `.json` log of a run that was still going on; its samples are loaded, the finished log brings the rest.
- `crashed`: an archive without `header.json`: the run was killed, or still going on. The journal says what was run, and
  the samples that had been flushed are loaded.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from ingestion.logs.inspect.condition import condition_row, generate_config
from ingestion.logs.inspect.epochs import epochs_of
from ingestion.logs.inspect.graders import Graders
from ingestion.logs.inspect.lengths import timestamp
from ingestion.logs.inspect.model import model_id_of, roles_of
from ingestion.logs.inspect.sample import RunContext, sample_rows
from ingestion.logs.inspect.scores import ScorerChoice
from ingestion.logs.inspect.types import LOG_VERSION, Header, JsonLog, Sample
from ingestion.logs.inspect.zip import Archive, MemberError
from ingestion.logs.json_text import BAD_JSON, MAX_FILE_VALUES, decode, why
from ingestion.logs.records import Notice, Record, RefusedFileError, Row, Run, ScoredBy, ScoresWithdrawn, Unreadable
from ingestion.logs.score_options import ScoreOptions
from ingestion.text import clip

MAX_JSON_FILE_BYTES = 2**30
"""Largest `.json` log that is read, because it has to be held whole; `.eval` archives are streamed."""

READER_VERSION = 7

_HEADER, _JOURNAL = "header.json", "_journal/start.json"
_OTHER_MEMBERS = re.compile(r"header\.json|summaries\.json|reductions\.json|_journal/.*", re.DOTALL)
_CHUNKED = re.compile(r"_epoch_\d+/sample\.json$")
_CHUNKED_REASON = (
    "stored in chunks, an experimental layout that is not read here; import the log that this one was made from"
)
_HEAD_BYTES = 65_536
_PEEK_SAMPLES = 20

_Place = str
_RawSample = tuple[_Place, "bytes | msgspec.Raw | MemberError"]


class InspectFormat:
    """Logs of Inspect (inspect-ai), `.eval` and `.json`.

    Args:
        options: which scorer to read where a log has several (by default the run's main one), and what it means.
    """

    name = "inspect"
    suffixes: tuple[str, ...] = (".eval", ".json")

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
        """An archive by its name or its first bytes; JSON if it begins as an object with an `eval` object in it."""
        if path.suffix.lower() == ".eval":
            return True
        try:
            with path.open("rb") as handle:
                head = handle.read(_HEAD_BYTES)
        except OSError:
            return False
        return head.lstrip()[:1] == b"{" and re.search(rb'"eval"\s*:\s*\{', head) is not None

    def companions(self, path: Path) -> tuple[Path, ...]:
        """None: a log is one file."""
        return ()

    def read(self, path: Path) -> Iterator[Record]:
        """The run, then condition, model and samples with items, unit tests and grades, and what could not be read."""
        try:
            with path.open("rb") as handle:
                is_archive = handle.read(2) == b"PK"
        except OSError as error:
            raise RefusedFileError(f"cannot be opened: {error.strerror}; check the path and its permissions") from error
        if is_archive or path.suffix.lower() == ".eval":
            with Archive(path) as archive:
                yield from _read_archive(archive, self._options)
        else:
            yield from _read_json(path, self._options)


def _read_archive(archive: Archive, options: ScoreOptions) -> Iterator[Record]:
    whole, chunked = _sample_members(archive.names)
    if chunked and not whole:
        raise RefusedFileError(f"its samples are {_CHUNKED_REASON}")
    header: Header | None = None
    if _HEADER in archive:
        try:
            header = decode(archive.read(_HEADER), Header)
            status = _known_status(header.status)
        except (MemberError, *BAD_JSON) as error:
            yield Unreadable(_HEADER, f"the header cannot be read ({why(error)}); the journal is used instead")
    if header is None:
        if _JOURNAL not in archive:
            raise RefusedFileError("an archive without a readable header.json or _journal/start.json: no Inspect log")
        try:
            header = decode(archive.read(_JOURNAL), Header)
        except (MemberError, *BAD_JSON) as error:
            raise RefusedFileError(f"neither header nor journal can be read ({why(error)}); copy it again") from error
        status = "crashed"
    for name in archive.repeated:
        yield Unreadable(_place(name), "written more than once; the last one counts")
    yield from (Unreadable(_place(name), _CHUNKED_REASON) for name in chunked)
    for name in archive.names:
        if not name.startswith("samples/") and not _OTHER_MEMBERS.fullmatch(name):
            # A damaged directory must not lose a sample in silence.
            yield Unreadable(_place(name), "no member of an Inspect log by its name; nothing of it was read")
    yield from _records(header, status, _archive_samples(archive, whole), options)


def _sample_members(names: Iterable[str]) -> tuple[list[str], list[str]]:
    """Members that hold a whole sample each, and those that are the shell of a sample stored in chunks."""
    members = [name for name in names if name.startswith("samples/") and not name.endswith("/")]
    chunked = [name for name in members if _CHUNKED.search(name)]
    folders = {name.removesuffix("sample.json") for name in chunked}
    # An id may hold a slash itself, so a folder alone does not make a chunk.
    whole = [name for name in members if not _parents(name) & folders] if folders else members
    return whole, chunked


def _parents(name: str) -> set[str]:
    return {name[: match.end()] for match in re.finditer("/", name)}


def _archive_samples(archive: Archive, names: list[str]) -> Iterator[_RawSample]:
    for name in names:
        try:
            yield _place(name), archive.read(name)
        except MemberError as error:
            yield _place(name), error


def _read_json(path: Path, options: ScoreOptions) -> Iterator[Record]:
    if (size := path.stat().st_size) > MAX_JSON_FILE_BYTES:
        raise RefusedFileError(
            f"{size} bytes of JSON, over the limit of {MAX_JSON_FILE_BYTES}; write it again with "
            "`inspect log convert LOG --to eval --output-dir DIR` and import that"
        )
    try:
        log = decode(path.read_bytes(), JsonLog, max_values=MAX_FILE_VALUES)
        status = _known_status(log.status)
    except BAD_JSON as error:
        raise RefusedFileError(f"not a readable Inspect log ({why(error)}); is the file complete?") from error
    numbered = ((f"samples[{index}]", raw) for index, raw in enumerate(log.samples or []))
    yield from _records(log, status, numbered, options)


def _known_status(status: str | None) -> str:
    if status not in ("success", "cancelled", "error", "started"):
        raise ValueError(f"status is {status!r}; expected success, cancelled, error or started")
    return status


def _records(
    header: Header, run_status: str, raw_samples: Iterator[_RawSample], options: ScoreOptions
) -> Iterator[Record]:
    if header.version > LOG_VERSION:
        raise RefusedFileError(
            f"log version {header.version} is newer than {LOG_VERSION}, the newest that is known here"
        )
    spec = header.eval
    spec.task, spec.model = clip(spec.task, 500), clip(spec.model, 500)
    if not spec.task or not spec.model:
        raise RefusedFileError("eval.task or eval.model is empty: nothing to file the samples under")
    run_id = spec.eval_id or spec.run_id
    version = spec.packages.get("inspect_ai")
    model_id = model_id_of(spec)
    yield Run(run_id, run_status, spec.task, model_id, version if isinstance(version, str) else None)

    decoded = _counted(_decoded(raw_samples), header, run_status)
    peeked = list(itertools.islice(decoded, _PEEK_SAMPLES))
    prompt_format = prompt_format_of(sample for sample in peeked if isinstance(sample, Sample))
    condition = condition_row(header, prompt_format)
    yield Row("conditions", condition)
    provider = spec.model.partition("/")[0] if "/" in spec.model else None
    yield Row("models", {"model_id": model_id, "provider": provider, "is_simulated": provider == "mockllm"})

    context = _context(header, run_status, condition, options)
    started = timestamp(spec.created)
    seen: set[str] = set()
    for sample in itertools.chain(peeked, decoded):
        if isinstance(sample, Unreadable):
            yield sample
            continue
        place = f"sample {sample.id!r}, epoch {sample.epoch}"
        try:
            records = list(sample_rows(sample, context))
        except BAD_JSON as error:
            yield Unreadable(clip(place, 300), why(error))
            continue
        for record in records:
            if isinstance(record, Row) and record.table == "samples":
                if record.values["sample_id"] in seen:
                    yield Unreadable(clip(place, 300), "occurs more than once in this log; the first one counts")
                    break
                seen.add(record.values["sample_id"])
                record.values["created_at"] = record.values["created_at"] or started
            yield record
    if context.scorer.name is not None:
        yield ScoredBy(f"scorer {context.scorer.name!r}")
    if (reason := context.scorer.withdrawn) is not None:
        yield ScoresWithdrawn(reason)
    if context.contradicted:
        yield Notice(
            f"{len(context.contradicted):,} samples are judged by scorer {context.scorer.name!r} otherwise than by the "
            "option that was read from them; kl, brier and accuracy go by the option"
        )
    yield from _told_of_scorers(context.scorer, context.graders, asked=options.scorer)
    if context.ids_are_positions:
        yield Notice(
            "its ids are positions in a shuffled order, which change from run to run, so items are known by what they "
            "ask (q-…); give the dataset's samples ids"
        )


def _told_of_scorers(scorer: ScorerChoice, graders: Graders, *, asked: str | None) -> Iterator[Record]:
    others = ", ".join(sorted(scorer.others))
    if asked and scorer.others and not scorer.is_used:
        raise RefusedFileError(f"no sample has a score by {asked!r}; there are {others}: name one with --scorer")
    if others and not asked:
        yield Notice(f"scores are those of scorer {scorer.name!r}; there are {others} too: --scorer NAME reads another")
    yield from graders.meant()


def _decoded(raw_samples: Iterator[_RawSample]) -> Iterator[Sample | Unreadable]:
    for place, raw in raw_samples:
        if isinstance(raw, MemberError):
            yield Unreadable(place, str(raw))
            continue
        try:
            yield decode(raw, Sample)
        except BAD_JSON as error:
            excerpt = bytes(raw)[:200].decode("utf-8", "replace")
            yield Unreadable(place, f"not a readable sample: {why(error)}", excerpt)


def _counted(samples: Iterator[Sample | Unreadable], header: Header, run_status: str) -> Iterator[Sample | Unreadable]:
    """The same samples, and a last word if a run that succeeded says that there were more of them."""
    n_found = 0
    for n_found, sample in enumerate(samples, 1):  # noqa: B007
        yield sample
    n_told = header.results.total_samples if header.results and run_status == "success" else None
    if n_told is not None and n_found < n_told:
        yield Unreadable(
            "samples",
            f"the run had {n_told} samples and the log holds {n_found}: written without samples, edited or damaged",
        )


def _context(header: Header, run_status: str, condition: Mapping[str, Any], options: ScoreOptions) -> RunContext:
    config = generate_config(header)
    scorer = ScorerChoice(header, options)
    seed, n_completions = config.get("seed"), config.get("num_choices")
    return RunContext(
        header=header,
        model_id=model_id_of(header.eval),
        own_roles=frozenset(name for name, model in roles_of(header.eval).items() if model == header.eval.model),
        ids_are_positions=_ids_are_positions(header.eval.dataset, header.eval.config),
        run_status=run_status,
        prompt_format=condition["prompt_format"],
        condition_id=condition["condition_id"],
        temperature=condition["temperature"],
        seed=seed if isinstance(seed, int) and -(2**63) <= seed < 2**63 else None,
        n_completions=n_completions if isinstance(n_completions, int) and 1 <= n_completions <= 100_000 else 1,
        scorer=scorer,
        graders=Graders(header, options, scorer),
        epochs=epochs_of(header.eval.metadata),
    )


def _ids_are_positions(dataset: Any, config: Mapping[str, Any]) -> bool:
    """Whether the dataset was shuffled and Inspect numbered it afterwards, because its samples have no ids."""
    told = dataset if isinstance(dataset, Mapping) else {}
    ids = told.get("sample_ids")
    is_shuffled = told.get("shuffled") is True or config.get("sample_shuffle") not in (None, False)
    if not (is_shuffled and isinstance(ids, list) and ids and all(type(given) is int for given in ids)):
        return False
    # A limit takes a part of the positions; ids of one's own would not be in order after a shuffle.
    return ids == list(range(ids[0], ids[0] + len(ids))) and (len(ids) > 1 or ids == [1])


def prompt_format_of(samples: Iterable[Sample]) -> str:
    """What the run's prompts ask for, judged by its first samples.

    `probability` if options are given and most prompts have a `<PROB>` tag; `choice` if options are given; else
    `open_ended`. One format for the whole log, so that neither an unparseable answer nor one that states probabilities
    unasked leaves its condition. Answers are looked at only where the log holds no prompt.
    """
    samples = [sample for sample in samples if sample.choices]
    if not samples:
        return "open_ended"
    prompts = [text for sample in samples if (text := _prompt(sample))]
    told = prompts or [sample.output.completion or "" for sample in samples]
    n_probability = sum("<prob>" in text.lower() for text in told)
    return "probability" if 2 * n_probability > len(told) else "choice"


def _prompt(sample: Sample) -> str:
    return "\n".join(message.text for message in sample.messages if message.role in ("system", "user"))


def _place(name: str) -> str:
    if not name.isprintable():
        name = "".join(character if character.isprintable() else "?" for character in name)
    return clip(name, 300)
