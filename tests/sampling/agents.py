"""An agent for tests: an Inspect task with a tool in the local sandbox, a mock model, and a ledger of what ran.

`python -m tests.sampling.agents SPEC ROOT` samples an experiment, for tests and `benchmarks/` to kill.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import yaml

from ingestion.sampling import load_spec, sample
from ingestion.sampling.agents.rounds import rounds
from warehouse.layout import Layout
from warehouse.raw import connect_raw

TASK = """
import json

from inspect_ai import Task, task
from inspect_ai.agent import react
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import Score, accuracy, scorer
from inspect_ai.tool import tool
from inspect_ai.util import sandbox


@tool
def shell():
    async def execute(command: str) -> str:
        '''Run a command.

        Args:
            command: The command.
        '''
        # Inspect's own `bash` reads the login profile, which is the machine's business and not this test's.
        return (await sandbox().exec(["sh", "-c", command])).stdout

    return execute


def answer(messages, tools, tool_choice, config):
    if messages[-1].role == "user":
        output = ModelOutput.for_tool_call("mockllm/model", "shell", {"command": "sleep 0.05; echo $((6 * 7))"})
    else:
        output = ModelOutput.for_tool_call("mockllm/model", "submit", {"answer": messages[-1].text.strip()})
    output.usage = ModelUsage(input_tokens=10, output_tokens=5, total_tokens=15)
    return output


@scorer(metrics=[accuracy()])
def written_down(ledger):
    async def score(state, target):
        with open(ledger, "a") as file:
            file.write(json.dumps([state.sample_id, state.epoch, state.uuid]) + "\\n")
        return Score(value=int(target.text in state.output.completion), answer=state.output.completion)

    return score


@task
def products(n: int, ledger: str):
    samples = [Sample(id=f"item [{i}]", input=f"6 * 7 + {i} - {i}?", target="42") for i in range(n)]
    solver = react(tools=[shell()], model=get_model("mockllm/model", custom_outputs=answer))
    return Task(dataset=MemoryDataset(samples), solver=solver, scorer=written_down(ledger), sandbox="local")
"""


def write_agent(
    folder: Path, *, n_items: int, n_epochs: int, task: dict[str, Any] | None = None, **changes: Any
) -> Path:
    """The task and its experiment; `task` is said of the task besides, `changes` of the experiment."""
    (folder / "agent.py").write_text(TASK)
    arguments = {"n": n_items, "ledger": str(folder / "ledger.jsonl")}
    entry = {"kind": "inspect", "task": "agent.py@products", "args": arguments, "message_limit": 30, "max_samples": 4}
    spec = {
        "name": "products",
        "tasks": [entry | (task or {})],
        "models": [{"id": "mockllm/model", "provider": "inspect", "family": "mock"}],
        "conditions": [{}],
        "epochs": n_epochs,
    }
    path = folder / "spec.yaml"
    path.write_text(yaml.safe_dump(spec | changes))
    return path


def ledger(folder: Path) -> list[tuple[str, int, str]]:
    """Item, epoch in its round, and uuid of every sample that was scored, in order."""
    path = folder / "ledger.jsonl"
    text = path.read_text() if path.exists() else ""
    return [tuple(json.loads(line)) for line in text.split("\n")[:-1]]


def sample_until(spec: Path, layout: Layout, n_scored: int, patience_s: float = 120.0) -> bool:
    """Sample in processes of their own, and SIGKILL all of them once the ledger has so many lines.

    Returns:
        Whether they were killed; False if they ended before.
    """
    process = psutil.Popen(
        [sys.executable, "-m", "tests.sampling.agents", str(spec), str(layout.root)],
        stdout=subprocess.DEVNULL,
        cwd=Path(__file__).parents[2],
    )
    give_up = time.monotonic() + patience_s
    while process.poll() is None and time.monotonic() < give_up:
        if len(ledger(spec.parent)) >= n_scored:
            family = [*process.children(recursive=True), process]
            for member in family:
                with suppress(psutil.NoSuchProcess):  # a tool may have come to its end by itself
                    member.suspend()  # none of them may do a thing more when the first is dead
            for member in family:
                with suppress(psutil.NoSuchProcess):
                    member.kill()
            process.wait()
            return True
        time.sleep(0.01)
    process.kill()
    process.wait()
    return False


def interrupt_at(spec: Path, layout: Layout, n_scored: int, patience_s: float = 120.0) -> tuple[int, str]:
    """Sample in a process of its own, and send it SIGINT, as Ctrl-C does, once the ledger has so many lines.

    Returns:
        Its exit status, and what it said.
    """
    command = [sys.executable, "-m", "tests.sampling.agents", str(spec), str(layout.root)]
    here = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=here) as process:
        give_up = time.monotonic() + patience_s
        while process.poll() is None and len(ledger(spec.parent)) < n_scored and time.monotonic() < give_up:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=patience_s)
    return process.returncode, said


def in_logs(layout: Layout) -> set[tuple[str, int]]:
    """What the logs hold that ended: item and epoch."""
    return {key for folder in layout.inspect_logs.glob("*/*/*") for one in rounds(folder) for key in one.done()}


def imported(layout: Layout) -> Counter[tuple[str, int]]:
    """How often each item and epoch is in the warehouse; copies of one sample in several logs are one."""
    with connect_raw(layout) as con:
        rows = con.execute(
            "select item_id, epoch, count(distinct sample_id) from raw.samples where status = 'ok' group by all"
        ).fetchall()
    return Counter({(item, epoch): n for item, epoch, n in rows})


if __name__ == "__main__":
    sample(load_spec(Path(sys.argv[1])), Layout(Path(sys.argv[2])), report=print)
