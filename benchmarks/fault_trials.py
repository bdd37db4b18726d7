"""Trials of `benchmarks.fault_campaign`: one command killed, one disk filled, one batch of hostile names."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import yaml

from benchmarks.fault_commands import ENOUGH_BYTES, finish, names, resize, running, small_disk, start, wait_until
from ingestion.logs.workers import WORTH_BYTES
from tests.ingestion.test_hostile_files import HEADER, answered, archive, sample
from warehouse.layout import PROJECT_ROOT, Layout
from warehouse.raw import connect_raw

OLD = PROJECT_ROOT / "tests" / "fixtures" / "warehouse_0_1_0"
N_LOGS, N_EPOCHS = 24, 30
USUAL_S = {"import": 4.0, "publish": 4.0, "sample": 6.0, "report": 12.0, "build": 45.0, "run": 80.0, "ui": 15.0}
"""Processor seconds that a command and its processes take, until one was seen to its end; `ui`: to its first page."""
PATIENCE_S = {"ui": 60.0, "run": 60.0}
"""How long its processes may take to end after it; 20 s for the others."""
SEEN_TO_ITS_END = {"build": 3, "run": 4, "report": 4}
"""Every so-many-th of its trials runs the command again to its end; the others look at what it left."""
ROOM = {
    "import": 500_000,
    "publish": 6_000_000,
    "sample": 60_000,
    "build": 20_000_000,
    "report": 2_000_000,
    "status": 1,
}
"""Bytes that a command needs, about: the full disk has a part of it."""


@dataclass
class Found:
    """What one trial found."""

    kind: str
    command: str
    was_killed: bool = False
    rows_lost: int = 0
    half_published: int = 0
    leftovers: int = 0
    processes_alive: int = 0
    problems: list[str] = field(default_factory=list)

    def told(self) -> str:
        """In one line."""
        return "; ".join(self.problems) or ("well" if self.was_killed else "well, but it came too late")

    def note(self, kind: str, number: int, text: str) -> None:
        """Count a fault."""
        if number:
            setattr(self, kind, getattr(self, kind) + number)
            self.problems.append(text)


@dataclass(frozen=True)
class Warehouse:
    """A warehouse and what must be in it: raw samples, and samples of the published and of the built tables."""

    root: Path
    n_raw: int
    n_published: int
    n_built: int

    @property
    def layout(self) -> Layout:
        """Its layout."""
        return Layout(self.root)


def make_template(here: Path) -> Warehouse:
    """The warehouse that every trial begins with: published, then one log more, built and not published."""
    root, known = here / "template", here / "template.json"
    if not known.exists():
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(OLD, root)
        write_logs(here / "logs")
        for arguments in (["run", "--no-demo"], ["import", str(here / "logs" / "00.eval")], ["build"]):
            status, said, _ = finish(root, arguments)
            if status:
                raise RuntimeError(f"{arguments}: {said[-2000:]}")
        known.write_text(json.dumps([n_raw(root), n_in(published(root)), n_in(Layout(root).build_database)]))
    return Warehouse(root, *json.loads(known.read_text()))


def write_logs(folder: Path) -> None:
    """Logs of one item each, with so much in them that the import starts processes."""
    folder.mkdir(exist_ok=True)
    chance = random.Random(1)
    for number in range(N_LOGS):
        spec = {**HEADER["eval"], "eval_id": f"run {number}", "task": "kills"}  # type: ignore[dict-item]
        members: dict[str, object] = {"header.json": {**HEADER, "eval": spec}}
        for epoch in range(1, N_EPOCHS + 1):
            answer = answered("AB"[(number + epoch) % 2])
            padding = {"padding": chance.randbytes(WORTH_BYTES // (N_LOGS * N_EPOCHS)).hex()}
            members[f"samples/{epoch}.json"] = sample("q", epoch, output=answer, metadata=padding)
        archive(folder / f"{number:02}.eval", members)


def n_raw(root: Path) -> int:
    """Samples that count in the raw layer."""
    with connect_raw(Layout(root)) as con:
        return int((con.execute("select count(*) from raw.samples").fetchone() or (0,))[0])


def published(root: Path) -> Path:
    """The published file."""
    return Layout(root).published_database


def n_in(database: Path) -> int:
    """Samples in a built or published database."""
    with duckdb.connect(str(database), read_only=True) as con:
        return int((con.execute("select count(*) from marts.fct_sample").fetchone() or (0,))[0])


def arguments_of(command: str, here: Path, root: Path) -> list[str]:
    """What the command is called with."""
    if command == "sample":
        return ["sample", str(root / "experiments" / "small.yaml")]
    if command == "run":
        return ["run", "--no-demo"]
    if command == "ui":
        return ["ui", "--port", "3917"]
    return [command, str(here / "logs")] if command == "import" else [command]


def prepare(command: str, here: Path, root: Path) -> None:
    """Give the command something to do."""
    if command == "sample":
        spec = root / "experiments" / "small.yaml"
        spec.write_text(yaml.safe_dump(yaml.safe_load(spec.read_text()) | {"epochs": 12}))
    if command == "run":
        (root / "inbox").mkdir(exist_ok=True)
        shutil.copy(here / "logs" / "01.eval", root / "inbox" / "01.eval")


def n_wanted(command: str, template: Warehouse) -> int:
    """Samples in the raw layer once the command has come to its end."""
    more = {"import": (N_LOGS - 1) * N_EPOCHS, "sample": 5 * 2 * 10, "run": N_EPOCHS}
    return template.n_raw + more.get(command, 0)


def kill_trial(template: Warehouse, here: Path, command: str, moment: float, turn: int) -> Found:
    """Kill the command at a share of its usual processor time; look; run it again to its end; look again."""
    found, root, mark = Found("kill", command), here / "work" / "warehouse", uuid.uuid4().hex
    shutil.rmtree(root.parent, ignore_errors=True)
    shutil.copytree(template.root, root, symlinks=True)
    prepare(command, here, root)
    process = start(root, arguments_of(command, here, root), mark)
    wait_until(process, moment * _usual(here, command))
    found.was_killed = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    until = time.monotonic() + PATIENCE_S.get(command, 20.0)
    while (left := running(mark)) and time.monotonic() < until:
        time.sleep(0.2)
    found.note("processes_alive", len(left), f"{len(left)} processes still there: {names(left)}")
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    look(found, template, root, n_wanted(command, template), is_done=False)
    if command == "ui" or turn % SEEN_TO_ITS_END.get(command, 1):
        # The next command, whichever it is, sweeps.
        status, said, _ = finish(root, ["import", str(here / "logs" / "00.eval")])
        is_done = False
    else:
        status, said, seconds = finish(root, arguments_of(command, here, root))
        is_done = True
        _remember(here, command, seconds)
    if status:
        found.problems.append(f"the next command ended with {status}: {said[-300:]}")
    look(found, template, root, n_wanted(command, template), is_done=is_done and not status)
    leftovers(found, root)
    return found


def look(found: Found, template: Warehouse, root: Path, wanted: int, *, is_done: bool) -> None:
    """Hold the warehouse against what must be in it."""
    with connect_raw(Layout(root)) as con:
        (n, n_distinct, n_told) = con.execute(
            """
            select count(*), count(distinct sample_id), (select sum(n_samples) from raw.imports)
            from raw.samples
            """
        ).fetchone() or (0, 0, 0)
        (n_imported,) = con.execute("select count(*) from raw.samples where import_id is not null").fetchone() or (0,)
    if n != n_distinct or n_imported != n_told or n > wanted:
        found.problems.append(f"raw: {n} samples, {n_distinct} different, {n_imported} imported of {n_told} told")
    found.note("rows_lost", max(0, (wanted if is_done else template.n_raw) - n), f"{n} raw samples are left")
    try:
        n_published = n_in(published(root))
        export = Layout(root).exported_parquet("marts", "fct_sample")
        (n_exported,) = duckdb.execute(f"select count(*) from '{export}'").fetchone() or (0,)
    except duckdb.Error as error:
        found.note("half_published", 1, f"what is published cannot be read: {error}")
        return
    whole = {template.n_published, template.n_built, *((wanted,) if found.command == "run" else ())}
    if n_published not in whole or n_exported != n_published:
        found.note("half_published", 1, f"published: {n_published} samples, exported: {n_exported}")
    if found.command == "publish" and is_done and n_published != template.n_built:
        found.note("rows_lost", 1, "what was built is not what was published")
    if not Layout(root).report.read_text(encoding="utf-8").rstrip().endswith("</html>"):
        found.note("half_published", 1, "the report has no end")


def leftovers(found: Found, root: Path) -> None:
    """Files that nobody will ever read."""
    left = [str(path.relative_to(root)) for path in root.rglob("*") if ".tmp" in path.name or ".deriving" in path.name]
    found.note("leftovers", len(left), f"left behind: {', '.join(left[:5])}")


def full_disk_trial(template: Warehouse, here: Path, command: str, share: float) -> Found:
    """Give the command a disk with a part of the room that it needs; then enough."""
    found, folder = Found("full disk", command), here / "disk"
    with small_disk(folder):
        root = folder / "warehouse"
        shutil.copytree(template.root, root, symlinks=True)
        prepare(command, here, root)
        resize(folder, shutil.disk_usage(folder).used + 4096 + int(share * ROOM[command]))
        status, said, _ = finish(root, arguments_of(command, here, root))
        found.was_killed = status != 0
        if "Traceback" in said:
            found.problems.append(f"not one line: {said[-300:]}")
        look(found, template, root, n_wanted(command, template), is_done=False)
        resize(folder, ENOUGH_BYTES)
        status, said, _ = finish(root, arguments_of(command, here, root))
        if status:
            found.problems.append(f"with room again it ended with {status}: {said[-300:]}")
        look(found, template, root, n_wanted(command, template), is_done=not status)
        leftovers(found, root)
    return found


def hostile_names_trial(here: Path) -> Found:
    """Files, tasks, models and items whose names are made to do harm, from the import to the report."""
    found, folder = Found("hostile names", "all", was_killed=True), here / "names"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "logs").mkdir(parents=True)
    names = (
        "-rf",
        "a b",
        "$(touch x)",
        "`x`",
        "'; drop table x; --",
        '"',
        "*?[a]",
        "\u202egnp",
        "\n",
        "é" * 60,
        "%2e%2e",
        "~",
    )
    for number, name in enumerate(names):
        spec = {**HEADER["eval"], "eval_id": str(number), "task": f"../{name}", "model": f"p/{name}"}  # type: ignore[dict-item]
        members: dict[str, object] = {"header.json": {**HEADER, "eval": spec}}
        for epoch in (1, 2):
            members[f"samples/{epoch}.json"] = sample(f"{name}/..", epoch, output=answered("A"))
        archive(folder / "logs" / f"{name}.eval".replace("/", "_"), members)
    Path(os.fsdecode(os.fsencode(folder / "logs") + b"/\xff.eval")).write_text("no log")
    before = set(here.iterdir())
    root = folder / "warehouse"
    for arguments in (["import", str(folder / "logs")], ["build"], ["publish"], ["report"], ["status"]):
        status, said, _ = finish(root, arguments)
        if status != int(arguments[0] == "import") or "Traceback" in said:
            found.problems.append(f"{arguments[0]} ended with {status}: {said[-300:]}")
    found.note("rows_lost", 2 * len(names) - n_raw(root), f"{n_raw(root)} of {2 * len(names)} samples")
    if set(here.iterdir()) != before or {path.name for path in folder.iterdir()} != {"logs", "warehouse", "said.txt"}:
        found.problems.append("something was written elsewhere")
    leftovers(found, root)
    return found


def _usual(here: Path, command: str) -> float:
    times = json.loads((here / "times.json").read_text()) if (here / "times.json").exists() else {}
    return float(times.get(command, USUAL_S[command]))


def _remember(here: Path, command: str, seconds: float) -> None:
    path = here / "times.json"
    times = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(times | {command: seconds}))
