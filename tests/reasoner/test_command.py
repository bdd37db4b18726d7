import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import openai
import pytest

from synthetic.reasoner import task
from synthetic.reasoner.family import SIZES
from synthetic.reasoner.generate import LocalReasoner

COMMAND = (sys.executable, "-m", "dagster_project.cli", "serve-reasoner")
SMALLEST = SIZES[0].name


@pytest.fixture
def address() -> Iterator[str]:
    """Of a server that the command started, and that Ctrl-C ends."""
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", "--model", SMALLEST],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout
    found = re.search(r"http://127\.0\.0\.1:\d+/v1", process.stdout.readline())
    assert found
    yield found[0]
    process.send_signal(signal.SIGINT)
    rest, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert "Stopped" in rest


def test_the_command_serves_the_shipped_models_to_the_sdk(address: str):
    [item] = task.items(1, seed=4)
    prompt = task.render_prompt(item, task.examples(2, seed=0))
    with openai.OpenAI(base_url=address, api_key="none", max_retries=0) as client:
        assert [model.id for model in client.models.list()] == [SMALLEST]
        response = client.chat.completions.create(
            model=SMALLEST, messages=[{"role": "user", "content": prompt}], seed=7, reasoning_effort="medium"
        )
    [expected] = LocalReasoner.load(SMALLEST).generate([prompt], seeds=[7], budget="medium")
    message = response.choices[0].message
    assert (message.content, (message.model_extra or {})["reasoning_content"]) == (expected.text, expected.reasoning)
    assert response.usage
    assert response.usage.completion_tokens == expected.n_output_tokens


def test_a_taken_port_and_an_unknown_model_are_one_clear_line():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        failed = subprocess.run([*COMMAND, "--port", str(port)], capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert failed.stderr.startswith(f"incoherence: --port {port}: ")
    failed = subprocess.run([*COMMAND, "--model", "gpt"], capture_output=True, text=True, check=False)
    assert failed.returncode == 2
    assert "'gpt'" in failed.stderr
    assert "Traceback" not in failed.stderr
