"""Runs that are killed with SIGKILL, and resumed, until they are through. Shared with `benchmarks/`.

One experiment speaks every protocol side by side: chat, responses, messages, each in one piece and streamed, both batch
APIs, and embeddings of the open-ended answers. `python -m tests.sampling.killing SPEC ROOT` waits for lines on its
standard input; at each it forks a process that does what the line says, says its id, and when that has ended, its exit
status. Imports are paid once.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import yaml

from ingestion.sampling import derive_all, embed_answers, load_spec, sample
from ingestion.sampling.journal.records import Answered, Header, read
from tests.sampling.server import Server
from warehouse.layout import Layout
from warehouse.raw import connect_raw, files_off_contract

LIVE: dict[str, dict[str, Any]] = {
    "chat": {"kind": "openai"},
    "responses": {"kind": "openai", "api": "responses"},
    "messages": {"kind": "anthropic"},
    "chat-stream": {"kind": "openai", "stream": True},
    "responses-stream": {"kind": "openai", "api": "responses", "stream": True},
    "messages-stream": {"kind": "anthropic", "stream": True},
}
BATCH = {"openai-batch": {"kind": "openai", "batch": True}, "anthropic-batch": {"kind": "anthropic", "batch": True}}
EMBEDDED = "chat"
"""The model that is also asked in the open-ended format."""

LAZY_MODULES = (
    "anthropic.resources.messages.batches",
    "ingestion.sampling.providers.anthropic_messages",
    "ingestion.sampling.providers.openai_api",
    "openai.resources.batches",
    "openai.resources.chat",
    "openai.resources.embeddings",
    "openai.resources.files",
    "openai.resources.responses",
    "pyarrow.compute",
)
"""What a run imports when it needs it, a second in all."""

EMBED_EVERY = 5
"""Each so-many-th run embeds what the others have drawn."""

START_EVERY = 4
"""Each so-many-th run may be killed while it starts; the others have asked for something by then."""


@dataclass
class Campaign:
    """What a campaign saw.

    Attributes:
        n_kills: runs that were killed before their end.
        n_planned: samples planned.
        lost: at each kill, answers that the server had given and that are not in a journal, by model.
        problems: what must not be, in words; empty if all is well.
        n_embeddings: answers that have a vector, and texts that the server embedded.
        most_at_a_kill: the most that may be lost at one kill, by model.
    """

    n_kills: int = 0
    n_planned: int = 0
    lost: list[Counter[str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    n_embeddings: tuple[int, int] = (0, 0)
    most_at_a_kill: int = 0

    def n_lost(self, model: str) -> int:
        """Answers of a model that were in flight at some kill."""
        return sum(lost[model] for lost in self.lost)


def write_items(folder: Path, n_items: int) -> None:
    """Items to ask for."""
    rows = [{"id": n, "question": f"{n}?", "choices": ["a", "b", "c", "d"], "target": "A"} for n in range(n_items)]
    (folder / "items.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def write_spec(folder: Path, server: Server, *, concurrency: int, n_items: int, n_epochs: int) -> Path:
    """An experiment in every protocol."""
    write_items(folder, n_items)
    providers: dict[str, dict[str, Any]] = {
        name: settings
        | {"base_url": server.url + ("" if settings["kind"] == "anthropic" else "/v1"), "concurrency": concurrency}
        for name, settings in (LIVE | BATCH).items()
    }
    spec = {
        "name": "kills",
        "tasks": [{"kind": "own", "name": "t", "path": "items.jsonl"}],
        "models": [{"id": name, "provider": name, "price": {"input": 1, "output": 1}} for name in providers],
        "providers": providers,
        "conditions": [
            {"prompt_format": "choice", "max_tokens": 50},
            {"prompt_format": "open_ended", "max_tokens": 50, "models": [EMBEDDED]},
        ],
        "epochs": n_epochs,
        "embeddings": {"model": "tiny", "base_url": f"{server.url}/v1", "batch": 16},
        "limits": {"batch_poll_s": 0.02, "batch_requests": 20, "backoff_s": 0.01},
    }
    path = folder / "spec.yaml"
    path.write_text(yaml.safe_dump(spec))
    return path


def kill_and_resume(
    spec_path: Path, layout: Layout, server: Server, *, n_kills: int, longest_s: float, seed: int
) -> Campaign:
    """Start, kill at a random moment and start again, until `n_kills` are killed; then come to the end, and look.

    The server must run in this process: what it has answered is compared with the journals after each kill.
    """
    chance = random.Random(seed)
    spec = load_spec(spec_path)
    campaign = Campaign(most_at_a_kill=max(provider.concurrency for provider in spec.providers.values()))
    starter = subprocess.Popen(
        [sys.executable, "-m", "tests.sampling.killing", str(spec_path), str(layout.root)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])},
    )
    assert starter.stdin and starter.stdout
    before: Counter[str] = Counter()
    try:
        assert starter.stdout.readline() == "ready\n"
        for number in range(2 * n_kills):  # a run that ends before its turn is not a kill
            is_last = campaign.n_kills == n_kills or number == 2 * n_kills - 1
            work = "all" if is_last else "embed" if number % EMBED_EVERY == EMBED_EVERY - 1 else "sample"
            starter.stdin.write(f"{work}\n")
            starter.stdin.flush()
            pid = int(starter.stdout.readline())
            if not is_last:
                _kill(pid, server, chance.uniform(0, longest_s), at_once=number % START_EVERY == START_EVERY - 1)
            status = int(starter.stdout.readline())
            while server.in_flight:
                time.sleep(0.001)
            after = server.answered_by_model - n_kept(layout)
            if status not in (0, signal.SIGKILL):
                campaign.problems.append(f"run {number} ended with status {status}")
            if status != 0:
                campaign.n_kills += 1
                campaign.lost.append(Counter({model: after[model] - before[model] for model in LIVE}))
            before = after
            if is_last:
                break
    finally:
        starter.kill()
        starter.wait()
    _inspect(campaign, layout, server, len(read_items(spec_path)), spec.epochs)
    return campaign


def _kill(pid: int, server: Server, after_s: float, *, at_once: bool) -> None:
    """Kill a process so long after its first request or, `at_once`, after its start."""
    seen = server.n_seen
    with suppress(ProcessLookupError):  # it may have ended before its turn
        while server.n_seen == seen and not at_once:
            time.sleep(0.002)
            os.kill(pid, 0)
        time.sleep(after_s)
        os.kill(pid, signal.SIGKILL)


def read_items(spec_path: Path) -> list[str]:
    """The items' lines."""
    return spec_path.with_name("items.jsonl").read_text().splitlines()


def n_kept(layout: Layout) -> Counter[str]:
    """Answers in all journals, by model."""
    kept: Counter[str] = Counter()
    for folder in {path.parent for path in layout.responses.rglob("*.jsonl*")}:
        records = list(read(folder))
        model = next((record.model_id for record in records if isinstance(record, Header)), "")
        kept[model] += sum(isinstance(record, Answered) for record in records)
    return kept


def _inspect(campaign: Campaign, layout: Layout, server: Server, n_items: int, n_epochs: int) -> None:
    """Every planned sample exactly once, nothing bought twice but what was in flight at a kill, nothing corrupt."""
    wrong = campaign.problems
    per_partition = n_items * n_epochs
    partitions = sorted({path.parent for path in layout.responses.rglob("*.jsonl*")})
    planned = Counter(dict.fromkeys(LIVE | BATCH, per_partition)) + Counter({EMBEDDED: per_partition})
    campaign.n_planned = planned.total()
    if len(partitions) != len(LIVE | BATCH) + 1:
        wrong.append(f"there are {len(partitions)} journals")
    for folder in partitions:
        answers = [(r.item_id, r.context_id, r.epoch) for r in read(folder) if isinstance(r, Answered)]
        if not len(answers) == len(set(answers)) == per_partition:
            wrong.append(f"{folder.name}: {len(answers)} answers, {len(set(answers))} different, of {per_partition}")
        if open_segments := list(folder.glob("*.jsonl")):
            wrong.append(f"{open_segments[0]} is still open")
    for table in ("samples", "items", "conditions", "models", "embeddings"):
        wrong += [f"{path} is off contract" for path in files_off_contract(layout, table)]
    for path in (layout.raw / "samples").rglob("sampler.parquet"):
        rows = pq.read_table(path, columns=["item_id", "epoch", "status"])
        keys = set(zip(rows["item_id"].to_pylist(), rows["epoch"].to_pylist(), strict=True))
        if not rows.num_rows == len(keys) == per_partition or set(rows["status"].to_pylist()) != {"ok"}:
            wrong.append(f"{path}: {rows.num_rows} rows, {len(keys)} different, of {per_partition}")
    for model, n in planned.items():
        most = n + campaign.n_lost(model)  # a batch that was submitted is found again: nothing of it is lost
        if server.answered_by_model[model] != most:
            wrong.append(f"{model}: the server answered {server.answered_by_model[model]} times, expected {most}")
    for lost in campaign.lost:
        if min(lost.values()) < 0 or max(lost.values()) > campaign.most_at_a_kill:
            wrong.append(f"lost at one kill: {dict(lost)}")
    with connect_raw(layout) as con:
        (n_vectors, n_distinct) = con.execute(
            "select count(*), count(distinct sample_id) from raw.embeddings join raw.samples using (sample_id)"
        ).fetchone() or (0, 0)
    campaign.n_embeddings = (n_vectors, server.embedded.total())
    if not n_vectors == n_distinct == per_partition == len(server.embedded):
        wrong.append(f"{n_vectors} vectors, {n_distinct} different, of {per_partition}")
    if server.embedded.total() > per_partition + 16 * campaign.n_kills:
        wrong.append(f"{server.embedded.total()} texts were embedded for {per_partition} answers")


def _serve(spec_path: Path, root: Path) -> None:
    for name in LAZY_MODULES:
        importlib.import_module(name)

    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            spec, layout = load_spec(spec_path), Layout(root)
            if line.strip() == "embed":
                derive_all(layout)
            else:
                sample(spec, layout)
            if spec.embeddings and line.strip() != "sample":
                embed_answers(spec, layout)
            os._exit(0)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{status}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve(Path(sys.argv[1]), Path(sys.argv[2]))
