import numpy as np
import pytest
import torch

from synthetic.config import ModelSize
from synthetic.model import Transformer
from synthetic.reasoner import task
from synthetic.reasoner.data import MAX_COMPLETION_TOKENS
from synthetic.reasoner.generate import LocalReasoner
from synthetic.reasoner.network import WINDOW, new_model, windows_of
from synthetic.reasoner.sampling import choose, sample, uniforms

SIZE = ModelSize("tiny", n_layers=2, width=16, n_heads=2, learning_rate=1e-3)


@pytest.fixture(scope="module")
def model() -> Transformer:
    """Random weights, large enough that the next token depends on what was read."""
    model = new_model(SIZE)
    model.initialise(seed=5)
    with torch.no_grad():
        model.head.weight.mul_(3)
        model.head.weight[task.TOKEN_IDS[task.END]] *= 2
    return model.eval()


@pytest.fixture(scope="module")
def prompts() -> list[str]:
    return [
        task.render_prompt(item, task.examples(index % 4, seed=index), task.BUDGETS[index % 3])
        for index, item in enumerate(task.items(40, seed=9))
    ]


def test_windows_hold_each_token_and_those_before_it():
    pad = task.TOKEN_IDS[task.PAD]
    windows = windows_of(torch.tensor([[5, 6, 7, 8, 9], [10, 11, 12, 13, 14]]))
    assert windows.shape == (2, 5, WINDOW)
    assert windows[0].tolist() == [
        [5, pad, pad, pad],
        [6, 5, pad, pad],
        [7, 6, 5, pad],
        [8, 7, 6, 5],
        [9, 8, 7, 6],
    ]
    assert windows[1, 4].tolist() == [14, 13, 12, 11]


def plain_sample(model: Transformer, prompt: list[int], seed: int, temperature: float, n: int) -> list[int]:
    """One completion the slow way: no cache, no batch, the whole text read anew for each token."""
    tokens = list(prompt)
    for place in range(n):
        with torch.no_grad():
            logits = model(windows_of(torch.tensor([tokens])))[0, -1].double()
        logits[[task.TOKEN_IDS[task.PAD], task.TOKEN_IDS[task.THINK]]] = -torch.inf
        probabilities = (logits / temperature).softmax(0).tolist()
        u = float(uniforms(np.array([seed], dtype=np.uint64), place)[0])
        total = 0.0
        for token, probability in enumerate(probabilities):  # noqa: B007
            total += probability
            if u < total:
                break
        tokens.append(token)
        if token == task.TOKEN_IDS[task.END]:
            break
    return tokens[len(prompt) :]


def test_batched_sampling_with_a_cache_is_plain_sampling(model: Transformer, prompts: list[str]):
    encoded = [task.encode_prompt(prompt) for prompt in prompts]
    seeds = np.arange(100, 100 + len(prompts), dtype=np.uint64)
    batched = sample(model, torch.tensor(encoded), seeds, 0.9, 120)
    assert sum(len(tokens) < 120 for tokens in batched) > 20  # so rows have left the batch on the way
    for index in range(0, 40, 5):
        assert batched[index] == plain_sample(model, encoded[index], int(seeds[index]), 0.9, 120)


def test_a_sample_depends_on_its_own_seed_and_prompt_alone(model: Transformer, prompts: list[str]):
    reasoner = LocalReasoner("tiny", model)
    seeds = [7 * index for index in range(len(prompts))]
    together = reasoner.generate(prompts, seeds=seeds)
    assert reasoner.generate(prompts[::-1], seeds=seeds[::-1]) == together[::-1]
    assert reasoner.generate(prompts[:17] * 5, seeds=seeds[:17] * 5) == together[:17] * 5
    assert [reasoner.generate([prompts[i]], seeds=[seeds[i]])[0] for i in range(6)] == together[:6]
    assert reasoner.generate(prompts, seeds=[seed + 1 for seed in seeds]) != together


def test_repeats_of_one_prompt_differ_by_seed_and_greedy_ones_do_not(model: Transformer, prompts: list[str]):
    reasoner = LocalReasoner("tiny", model)
    assert len(set(reasoner.generate(prompts[:1] * 30, seeds=list(range(30))))) > 15
    assert len(set(reasoner.generate(prompts[:1] * 30, seeds=list(range(30)), temperature=0))) == 1


def test_negative_and_huge_seeds_are_seeds_too(model: Transformer, prompts: list[str]):
    reasoner = LocalReasoner("tiny", model)
    same = reasoner.generate(prompts[:1] * 2, seeds=[-1, 2**64 - 1])
    assert same[0] == same[1]


def test_uniform_numbers_are_uniform_and_unrelated():
    numbers = np.stack([uniforms(np.arange(20_000, dtype=np.uint64), place) for place in (0, 1)])
    assert numbers.min() >= 0
    assert numbers.max() < 1
    for row in numbers:
        counts, _ = np.histogram(row, bins=20, range=(0, 1))
        # Chi-squared with 19 degrees of freedom exceeds 60 once in 4 million times.
        assert ((counts - 1_000) ** 2 / 1_000).sum() < 60
    assert abs(np.corrcoef(numbers)[0, 1]) < 0.04
    assert abs(np.corrcoef(numbers[0, :-1], numbers[0, 1:])[0, 1]) < 0.04


def test_choices_are_as_frequent_as_their_probabilities():
    logits = torch.full((40_000, len(task.WORDS)), -torch.inf)
    logits[:, 10], logits[:, 20], logits[:, 30] = np.log(0.5), np.log(0.3), np.log(0.2)
    uniform = uniforms(np.arange(40_000, dtype=np.uint64), 3)
    chosen = np.bincount(choose(logits.clone(), 1.0, uniform).numpy(), minlength=len(task.WORDS)) / 40_000
    assert chosen[[10, 20, 30]] == pytest.approx([0.5, 0.3, 0.2], abs=0.015)
    cooled = np.bincount(choose(logits.clone(), 0.5, uniform).numpy(), minlength=len(task.WORDS)) / 40_000
    assert cooled[[10, 20, 30]] == pytest.approx(np.array([0.25, 0.09, 0.04]) / 0.38, abs=0.015)
    assert set(choose(logits.clone(), 0, uniform).tolist()) == {10}


def test_markers_are_never_written(model: Transformer):
    logits = torch.zeros(500, len(task.WORDS))
    logits[:, [task.TOKEN_IDS[task.PAD], task.TOKEN_IDS[task.THINK]]] = 50.0
    words = task.decode(choose(logits, 1.0, uniforms(np.arange(500, dtype=np.uint64), 0)).tolist()).split()
    assert not {task.PAD, task.THINK} & set(words)


def test_token_counts_are_those_of_the_texts(model: Transformer, prompts: list[str]):
    seen = set()
    for prompt, generation in zip(
        prompts * 4, LocalReasoner("tiny", model).generate(prompts * 4, seeds=list(range(160))), strict=True
    ):
        assert generation.n_prompt_tokens == len(prompt.split()) + 1
        assert generation.n_reasoning_tokens == len(generation.reasoning.split())
        assert generation.n_output_tokens == generation.n_reasoning_tokens + len(generation.text.split())
        assert generation.text == "" or generation.text.startswith("Answer:")
        assert (generation.finish_reason == "length") == (generation.n_output_tokens == MAX_COMPLETION_TOKENS)
        seen.add(generation.finish_reason)
    assert "stop" in seen


def test_a_limit_cuts_a_completion_short(model: Transformer, prompts: list[str]):
    reasoner = LocalReasoner("tiny", model)
    whole = reasoner.generate(prompts, seeds=list(range(40)))
    cut = reasoner.generate(prompts, seeds=list(range(40)), max_new_tokens=5)
    assert any(generation.finish_reason == "length" for generation in cut)
    for long, short in zip(whole, cut, strict=True):
        assert f"{long.reasoning} {long.text}".split()[:5] == f"{short.reasoning} {short.text}".split()
    assert reasoner.generate(prompts[:2], seeds=[0, 1], max_new_tokens=10_000) == whole[:2]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"seeds": [1, 2]}, "seeds: got 2 for 1"),
        ({"temperature": -0.1}, "temperature: got -0.1"),
        ({"temperature": float("nan")}, "temperature: got nan"),
        ({"max_new_tokens": 0}, "max_new_tokens: got 0"),
        ({"budget": "extreme"}, "'extreme'"),
    ],
)
def test_wrong_arguments_are_named(model: Transformer, changed: dict, message: str):
    prompt = task.render_prompt(task.items(1, seed=0)[0])
    with pytest.raises(ValueError, match=message):
        LocalReasoner("tiny", model).generate([prompt], **{"seeds": [1], **changed})


def test_nothing_to_do_is_nothing_done(model: Transformer):
    assert LocalReasoner("tiny", model).generate([], seeds=[]) == []
