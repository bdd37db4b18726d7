import http.client
import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import openai
import pytest

from synthetic.reasoner import server as reasoner_server
from synthetic.reasoner import task
from synthetic.reasoner.family import SIZES
from synthetic.reasoner.generate import LocalReasoner
from synthetic.reasoner.server import LARGEST_BODY_BYTES, ReasonerServer

NAME = SIZES[0].name
ITEMS = task.items(24, seed=11)
PROMPT = task.render_prompt(ITEMS[5])


@pytest.fixture(scope="module")
def server(untrained: Path) -> Iterator[ReasonerServer]:
    with ReasonerServer(folder=untrained) as server:
        yield server


@pytest.fixture(scope="module")
def client(server: ReasonerServer) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=server.base_url, api_key="none", max_retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def reasoner(untrained: Path) -> LocalReasoner:
    return LocalReasoner.load(NAME, untrained)


def chat(client: openai.OpenAI, prompt: str = PROMPT, **fields: Any) -> Any:
    return client.chat.completions.create(model=NAME, messages=[{"role": "user", "content": prompt}], **fields)


def post(server: ReasonerServer, body: bytes, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=30)
    connection.request("POST", "/v1/chat/completions", body, headers or {})
    response = connection.getresponse()
    content = json.loads(response.read())
    connection.close()
    return response.status, content


def test_the_family_is_listed(client: openai.OpenAI):
    assert [model.id for model in client.models.list()] == [size.name for size in SIZES]


@pytest.mark.parametrize("effort", task.BUDGETS)
def test_the_sdk_gets_what_the_library_generates(client: openai.OpenAI, reasoner: LocalReasoner, effort: Any):
    response = chat(client, seed=42, temperature=0.7, max_tokens=50, reasoning_effort=effort)
    [expected] = reasoner.generate([PROMPT], seeds=[42], temperature=0.7, max_new_tokens=50, budget=effort)
    [choice] = response.choices
    assert choice.message.content == expected.text
    assert choice.message.model_extra["reasoning_content"] == expected.reasoning
    assert choice.finish_reason == expected.finish_reason
    assert response.model == NAME
    assert response.usage.prompt_tokens == expected.n_prompt_tokens
    assert response.usage.completion_tokens == expected.n_output_tokens
    assert response.usage.total_tokens == expected.n_prompt_tokens + expected.n_output_tokens
    assert response.usage.completion_tokens_details.reasoning_tokens == expected.n_reasoning_tokens


def test_many_clients_at_once_get_each_their_own_completion(client: openai.OpenAI, reasoner: LocalReasoner):
    prompts = [task.render_prompt(item, budget=task.BUDGETS[index % 3]) for index, item in enumerate(ITEMS * 4)]
    with ThreadPoolExecutor(32) as pool:
        responses = list(pool.map(lambda n: chat(client, prompts[n], seed=n, temperature=1 + n % 2), range(96)))
    for parity in (0, 1):
        numbers = range(parity, 96, 2)
        expected = reasoner.generate([prompts[n] for n in numbers], seeds=list(numbers), temperature=1.0 + parity)
        for n, generation in zip(numbers, expected, strict=True):
            assert responses[n].choices[0].message.model_extra["reasoning_content"] == generation.reasoning
            assert responses[n].choices[0].message.content == generation.text


def test_without_a_seed_completions_differ(client: openai.OpenAI):
    assert len({chat(client).choices[0].message.model_extra["reasoning_content"] for _ in range(5)}) > 1


def test_messages_in_parts_are_read_as_one_prompt(client: openai.OpenAI, reasoner: LocalReasoner):
    parts: Any = [{"type": "text", "text": line} for line in PROMPT.splitlines()]
    response = client.chat.completions.create(
        model=NAME,
        seed=1,
        messages=[{"role": "system", "content": "effort:high"}, {"role": "user", "content": parts}],
    )
    [expected] = reasoner.generate([PROMPT], seeds=[1], budget="high")
    assert response.choices[0].message.model_extra["reasoning_content"] == expected.reasoning


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"prompt": "What is the capital of France?"}, "messages"),
        ({"prompt": "effort:low\n" + PROMPT, "reasoning_effort": "high"}, "messages"),
        ({"reasoning_effort": "minimal"}, "reasoning_effort"),
        ({"temperature": 2.5}, "temperature"),
        ({"temperature": True}, "temperature"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"max_completion_tokens": "9"}, "max_completion_tokens"),
        ({"seed": "x"}, "seed"),
        ({"n": 2}, "n"),
        ({"stream": True}, "stream"),
    ],
)
def test_what_cannot_be_served_is_refused_by_field(client: openai.OpenAI, fields: dict[str, Any], param: str):
    with pytest.raises(openai.BadRequestError) as caught:
        chat(client, **fields)
    assert caught.value.param == param
    assert caught.value.type == "invalid_request_error"


def test_unknown_models_and_addresses_are_not_found(client: openai.OpenAI):
    with pytest.raises(openai.NotFoundError, match="reasoner-huge"):
        client.chat.completions.create(model="reasoner-huge", messages=[{"role": "user", "content": PROMPT}])
    with pytest.raises(openai.NotFoundError):
        client.embeddings.create(model=NAME, input="x")


def test_a_model_without_a_checkpoint_is_a_server_error_that_says_so(client: openai.OpenAI):
    with pytest.raises(openai.InternalServerError, match=r"no such checkpoint"):
        client.chat.completions.create(model=SIZES[1].name, messages=[{"role": "user", "content": PROMPT}])


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"[" * 100_000, b'{"messages": "x"}', b'{"messages": [1]}'])
def test_bodies_that_are_no_chat_request_are_refused(server: ReasonerServer, body: bytes):
    status, content = post(server, body)
    assert status == 400
    assert content["error"]["message"]


def test_a_body_that_is_too_long_is_not_read(server: ReasonerServer):
    status, content = post(server, b"", {"Content-Length": str(LARGEST_BODY_BYTES + 1)})
    assert status == 400
    assert "Content-Length" in content["error"]["message"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},  # DNS rebinding
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},  # another server of this machine
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
    ],
)
def test_a_page_of_another_site_is_refused(server: ReasonerServer, headers: dict[str, str]):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=30)
    connection.request("GET", "/v1/models", headers=headers)
    assert connection.getresponse().status == 403
    connection.close()


def test_connections_beyond_the_cap_are_told_so(untrained: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(reasoner_server, "MOST_CONNECTIONS", 3)
    with ReasonerServer([NAME], folder=untrained) as server:
        held = [socket.create_connection(("127.0.0.1", server.server_port)) for _ in range(3)]
        for _ in range(200):  # until the server has taken them
            connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=30)
            connection.request("GET", "/v1/models")
            status = connection.getresponse().status
            connection.close()
            if status == 503:
                break
        assert status == 503
        for one in held:
            one.close()
        with openai.OpenAI(base_url=server.base_url, api_key="none", max_retries=5) as client:
            assert [model.id for model in client.models.list()] == [NAME]


def test_a_closed_server_serves_no_more(untrained: Path):
    with ReasonerServer([NAME], folder=untrained) as server:
        url = server.base_url
    with openai.OpenAI(base_url=url, api_key="none", max_retries=0) as client, pytest.raises(openai.APIConnectionError):
        client.models.list()
