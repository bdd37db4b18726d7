"""What a model's contract forbids is told before anybody is asked, and what it allows is asked for."""

from __future__ import annotations

import asyncio
from datetime import date
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from ingestion.sampling import SpecError, embed_answers, experiment_notices, load_spec, parse_spec, plan, sample
from ingestion.sampling.plans.shutdowns import shutdown_notice, shutdown_notices
from ingestion.sampling.providers import make_provider
from ingestion.sampling.providers.base import Request
from ingestion.sampling.questions.turns import Turn
from ingestion.sampling.spec.conditions import Condition
from ingestion.sampling.spec.models import facts
from tests.sampling.conftest import MakeSpec
from tests.sampling.server import Server
from tests.sampling.test_sampling import rows
from tests.sampling.test_spec import EXAMPLES
from tests.sampling.vendor_contracts import refusal
from warehouse.layout import Layout

SAMPLING: list[dict[str, Any]] = [{}, {"temperature": 0.7}, {"temperature": 1.0}, {"top_p": 0.9}, {"top_k": 20}]
CLAUDE = ["claude-opus-5-5", "claude-haiku-5-5", "claude-opus-4-6", "claude-haiku-4-5", "claude-brand-new"]
GPT = ["gpt-6-luna", "gpt-5.4", "gpt-5-mini-2025-08-07", "o3", "gpt-4.1", "gpt-brand-new"]
EFFORTS = [None, "none", "minimal", "low", "xhigh", "max"]


Combination = tuple[str, dict[str, Any], dict[str, Any]]
WAYS: list[dict[str, Any]] = [{}, {"stream": True}, {"stream": False}, {"batch": True}]
LONG = ["claude-sonnet-5-5", "claude-opus-4-1", "claude-haiku-4-5", "claude-brand-new"]


def combinations() -> list[Combination]:
    """(model, its provider, its condition), of every protocol."""
    budgets = [None, "none", "low", "xhigh", "adaptive", 2048]
    claude = product(CLAUDE, (None, "2023-06-01"), budgets, SAMPLING, (8192, 99999))
    gpt = product(GPT, ("chat", "responses"), EFFORTS, SAMPLING, (8192, 200_000))
    return [
        (model, {"kind": "anthropic"} | ({"anthropic_version": version} if version else {}), condition)
        for model, version, reasoning, sampling, most in claude
        for condition in [{"reasoning": reasoning, "max_tokens": most} | sampling]
    ] + [
        (model, {"kind": "openai", "api": api}, {"reasoning": reasoning, "max_tokens": most} | sampling)
        for model, api, reasoning, sampling, most in gpt
    ]


def ways() -> list[Combination]:
    """The same, of every way to ask: in one piece, streamed, in batches; and of what `extra_body` may say."""
    limits = (8192, 8193, 21_333, 21_334, 40_000, 70_000, 200_000)
    claude, gpt = {"kind": "anthropic"}, {"kind": "openai"}
    said_to_claude: list[dict[str, Any]] = [
        *({"temperature": 0.5}, {"top_k": 20}, {"max_tokens": 65_000}, {"output_config": {"effort": "xhigh"}}),
        *({"thinking": {"type": "adaptive"}}, {"thinking": {"type": "enabled", "budget_tokens": 512}}),
    ]
    said_to_gpt: list[dict[str, Any]] = [
        *({"temperature": 0.5}, {"reasoning_effort": "max"}, {"max_completion_tokens": 150_000}, {"user": "me"}),
    ]
    return [
        *((model, claude | way, {"max_tokens": n}) for model, way, n in product(LONG, WAYS, limits)),
        *(("gpt-6-luna", gpt | way, {"max_tokens": n}) for way, n in product(WAYS, limits)),
        *(("gpt-6-luna", gpt | {"api": "responses"} | way, {"max_tokens": n}) for way, n in product(WAYS, limits)),
        *((model, gpt | {"api": "completions"} | way, {"max_tokens": 16}) for model, way in product(GPT, WAYS)),
        *((model, claude, {"max_tokens": 8192, "extra_body": said}) for model, said in product(CLAUDE, said_to_claude)),
        *((model, gpt | {"api": "chat"}, {"extra_body": said}) for model, said in product(GPT, said_to_gpt)),
    ]


def spec_of(model: str, provider: dict[str, Any], *conditions: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": "trial",
        "tasks": [{"kind": "own", "name": "sums", "path": "items.jsonl", "n_items": 1}],
        "models": [{"id": model, "provider": "here"}],
        "providers": {"here": provider},
        "conditions": [{name: value for name, value in c.items() if value is not None} for c in conditions],
        "epochs": 1,
    }


@cache
def asker(*provider: tuple[str, Any]) -> Any:
    spec = parse_spec(spec_of("x", dict(provider), {"max_tokens": 9}), Path("spec.yaml"))
    return make_provider(spec, "here", "x")


PATHS = {
    "anthropic": "/v1/messages",
    "openai": "/v1/chat/completions",
    "chat": "/v1/chat/completions",
    "responses": "/v1/responses",
}
PATHS |= {"completions": "/v1/completions"}


def refused_by_vendor(model: str, provider: dict[str, Any], condition: dict[str, Any]) -> str | None:
    """What the vendor would say of the request that a spec would have made, whatever the spec's own checks say."""
    request = Request(model, (Turn("user", "?"),), Condition("choice", **condition), 1)
    asked, is_batch = asker(*sorted(provider.items())), bool(provider.get("batch"))
    headers = {"anthropic-version": provider.get("anthropic_version", "2026-10-21")}
    body = asked.body(request) if is_batch else asked.sent(request)
    vendor = refusal(PATHS[provider.get("api", provider["kind"])], headers, body, is_batch=is_batch)
    if provider["kind"] == "openai" and "top_k" in condition:
        return vendor or "a parameter that OpenAI does not know"
    return vendor


def test_a_spec_is_refused_where_and_only_where_the_vendor_would_refuse_its_requests(tmp_path: Path) -> None:
    n_refused = n_taken = 0
    for model, provider, condition in combinations() + ways():
        told: str | None = None
        try:
            parse_spec(spec_of(model, provider, condition), tmp_path / "spec.yaml")
        except SpecError as error:
            told = str(error)
        vendor = refused_by_vendor(model, provider, condition)
        assert (told is None) == (vendor is None), (model, provider, condition, told, vendor)
        if told is not None:
            n_refused += 1
            assert told.startswith(f"{tmp_path}/spec.yaml: conditions.0.") and "; " in told
        n_taken += told is None
    assert n_refused > 600 and n_taken > 250


def test_nothing_that_is_refused_reaches_a_server_and_the_rest_is_answered(
    server: Server, layout: Layout, tmp_path: Path, items_path: Path
) -> None:
    taken: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    some_ways = [way for way in ways() if ("stream" in way[1] or "batch" in way[1]) and way[2]["max_tokens"] > 21_332]
    for model, provider, condition in combinations() + some_ways:
        is_rare = condition.get("reasoning") in ("none", "minimal", "xhigh", "max")
        if is_rare or "top_p" in condition or condition["max_tokens"] in (21_334, 70_000, 99_999, 200_000):
            continue  # the test above has them all
        asked = provider | here(server, provider["kind"])
        try:
            parse_spec(spec_of(model, asked, condition), items_path.with_name("spec.yaml"))
        except SpecError:
            continue
        taken.setdefault((model, *sorted(asked.items())), []).append(condition)
    for number, ((model, *provider_items), conditions) in enumerate(taken.items()):
        content = spec_of(model, dict(provider_items), *conditions) | {"limits": {"batch_poll_s": 0.01}}
        spec = parse_spec(content, items_path.with_name("spec.yaml"))
        if ("batch", True) in provider_items:
            summary = sample(spec, Layout(layout.root / str(number)))
            assert (summary.n_errors, summary.n_missing) == (0, 0), model
        else:  # a rejected request is an exception
            asyncio.run(ask_each(make_provider(spec, "here", model), model, conditions))
    n_batched = sum(len(conditions) for key, conditions in taken.items() if ("batch", True) in key)
    assert server.n_requests == sum(map(len, taken.values())) - n_batched > 60 and server.n_broken_contracts == 0
    assert n_batched >= 10 and server.n_streamed >= 10


async def ask_each(provider: Any, model: str, conditions: list[dict[str, Any]]) -> None:
    for condition in conditions:
        await provider.ask(Request(model, (Turn("user", "?"),), Condition("choice", **condition), 1))
    await provider.close()


def here(server: Server, kind: str) -> dict[str, Any]:
    return {"base_url": server.url + ("" if kind == "anthropic" else "/v1")}


@pytest.mark.parametrize("path", [path for path in EXAMPLES if path.stem != "swe-bench"], ids=lambda path: path.stem)
def test_examples_run_as_they_are_but_for_their_items(
    server: Server, layout: Layout, items_path: Path, path: Path
) -> None:
    content = yaml.safe_load(path.read_text())
    content["tasks"] = [{"kind": "own", "path": str(items_path), "n_items": 2, "examples_path": str(items_path)}]
    content |= {"contexts": 1, "epochs": 1, "limits": {"batch_poll_s": 0.01}}
    for model in content["models"]:
        name = model["provider"]
        provider = content.get("providers", {}).get(name, {"kind": name})
        content["providers"] = content.get("providers", {}) | {name: provider | here(server, provider["kind"])}
    if "embeddings" in content:
        content["embeddings"] |= here(server, "openai")
    spec = parse_spec(content, items_path.with_name("spec.yaml"))
    summary = sample(spec, layout)
    assert (summary.n_errors, summary.n_missing, server.n_broken_contracts) == (0, 0, 0)
    assert summary.n_drawn == sum(part.n_planned for part in summary.partitions) > 0
    if spec.embeddings:
        assert embed_answers(spec, layout).n_embedded == 2 * len(spec.models) * 2


def test_the_case_that_ended_in_errors(tmp_path: Path) -> None:
    spec = spec_of("claude-opus-5-5", {"kind": "anthropic"}, {"temperature": 0.7, "top_k": 20, "reasoning": 1024})
    with pytest.raises(SpecError, match=r"conditions\.0\.reasoning: 1024 thinking tokens; Anthropic takes from 1024"):
        parse_spec(spec, tmp_path / "spec.yaml")
    spec["conditions"][0] |= {"max_tokens": 8192}
    with pytest.raises(SpecError, match=r"conditions\.0\.temperature: is 0\.7; 'claude-opus-5-5' takes none: drop it"):
        parse_spec(spec, tmp_path / "spec.yaml")


def test_a_version_of_anthropic_s_api_can_be_chosen(server: Server, layout: Layout, make_spec: MakeSpec) -> None:
    sample(make_spec("claude-haiku-4-5", "anthropic", epochs=1), layout)
    assert {headers["anthropic-version"] for headers in server.headers} == {"2026-10-21"}
    server.headers.clear()
    older = {"anthropic_version": date(2023, 6, 1)}  # as YAML reads it
    spec = make_spec("claude-haiku-4-5", "anthropic", provider=older, condition={"temperature": 0.7}, epochs=1)
    assert sample(spec, layout).n_errors == 0
    assert {headers["anthropic-version"] for headers in server.headers} == {"2023-06-01"}
    assert {request["body"].get("temperature") for request in server.requests} == {None, 0.7}


def test_a_base_model_continues_a_text(server: Server, layout: Layout, make_spec: MakeSpec) -> None:
    spec = make_spec("base", "openai_compatible/completions", condition={"shots": 2, "temperature": 1.0})
    assert sample(spec, layout).n_errors == 0
    assert rows(layout, "select status, count(*), count(choice_index), count(seed) from raw.samples group by all") == [
        ("ok", 30, 30, 30)
    ]
    body = server.requests[0]["body"]
    assert body["prompt"].count("Right answer: A") == 2 and body["prompt"].endswith("\n\nRight answer:")
    assert body["stop"] == ["\n"] and server.requests[0]["path"] == "/v1/completions"
    with pytest.raises(SpecError, match=r"conditions\.0\.prompt_format: is 'probability'; through completions"):
        make_spec("base", "openai_compatible/completions", condition={"prompt_format": "probability"})


def test_models_that_go_are_named(layout: Layout, make_spec: MakeSpec) -> None:
    today = date(2026, 11, 26)
    assert shutdown_notice("gpt-6-luna", today) is None and shutdown_notice("brand-new", today) is None
    soon = shutdown_notice("gpt-5-mini-2025-08-07", today)
    assert soon is not None and soon.startswith("gpt-5-mini-2025-08-07 will be shut down on 2026-12-11, in 15 days;")
    gone = shutdown_notice("claude-sonnet-4-20250514", today)
    assert gone == ("claude-sonnet-4-20250514 was shut down on 2026-06-15; its provider recommends claude-sonnet-5-5.")
    assert any("o4-mini was shut down on 2026-10-23" in line for line in plan(make_spec("o4-mini"), layout).lines())
    layout.experiments.mkdir(parents=True)
    (layout.experiments / "bad.yaml").write_text("name: x\n")
    path = layout.experiments / "good.yaml"
    path.write_text(yaml.safe_dump(make_spec("o4-mini").model_dump(mode="json", exclude_none=True)))
    bad, notice = experiment_notices(layout)[-2:]
    assert "bad.yaml:1: " in bad and notice.startswith("o4-mini was shut down")
    own = make_spec("o4-mini", "openai_compatible")  # whatever runs under that name on a server of one's own
    assert list(shutdown_notices(own, layout)) == []


def test_openai_is_asked_until_when_and_what_it_said_is_remembered(
    server: Server, layout: Layout, make_spec: MakeSpec
) -> None:
    spec, told = make_spec("good", epochs=1), []
    server.shutdown_dates = {"good": "2099-01-31", "other": "2026-01-01", "bad": "soon", "stays": None}
    before = plan(spec, layout).lines()[-1]
    assert before.endswith("rest on a list of 2026-11-26; nobody was asked now, sampling asks OpenAI.")
    assert server.n_seen == 0, "a dry run asks nobody"
    sample(spec, layout, report=told.append)
    (notice,) = [line for line in told if "shut down" in line]
    assert notice.startswith("good will be shut down on 2099-01-31, in ") and ", as its provider said on 20" in notice
    n_seen = server.n_seen
    assert n_seen == 11
    basis, again = plan(spec, layout).lines()[-2:]
    assert " and on what OpenAI said on 20" in basis and again == notice
    layout.experiments.mkdir(parents=True)
    content = yaml.safe_dump(spec.model_dump(mode="json", exclude_none=True))
    (layout.experiments / "good.yaml").write_text(content)
    assert experiment_notices(layout) == [notice] and server.n_seen == n_seen
    layout.shutdown_dates.write_text("{")
    assert plan(spec, layout).lines()[-1] == before
    server.shutdown_dates = {}
    sample(make_spec("more", epochs=1), layout, report=told.append)
    assert len([line for line in told if "shut down" in line or "until when" in line]) == 1
    server.shutdown_dates = {"odd": 1_800_000_000}
    assert sample(make_spec("odd", epochs=1), layout, report=told.append).n_missing == 0
    assert any("until when models are there could not be asked: TypeError" in line for line in told)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_ask_for_models_with_a_future_and_a_price(path: Path, layout: Layout) -> None:
    spec = load_spec(path)
    assert list(shutdown_notices(spec, layout)) == []
    for model in spec.models:
        if spec.provider(model.provider).kind in ("openai", "anthropic"):
            assert facts().models[model.request_name].price is not None


def test_the_facts_fit_together() -> None:
    known = facts()
    for name, model in known.models.items():
        assert model.contract is None or model.contract in known.contracts, name
        assert model.instead is None or known.models[model.instead].shutdown is None, name
        assert model.contract or model.shutdown or model.price, name
