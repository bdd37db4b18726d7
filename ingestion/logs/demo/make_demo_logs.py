"""Write the demonstration logs beside this file: real Inspect logs of a mock model whose answers are simulated.

    python ingestion/logs/demo/make_demo_logs.py

Needs the development dependencies (inspect-ai). The answers follow from `SEED`; ids and times are Inspect's own, so a
second run gives other bytes but the same answers.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from inspect_ai import Task, eval
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.log import EvalSample, read_eval_log, write_eval_log
from inspect_ai.model import (
    ChatCompletionChoice,
    ChatMessageAssistant,
    GenerateConfig,
    ModelOutput,
    ModelUsage,
    get_model,
)
from inspect_ai.scorer import Score, Scorer, Target, choice, mean, scorer
from inspect_ai.solver import Generate, Solver, TaskState, multiple_choice, solver
from inspect_ai.solver._task_state import sample_state

SEED = 20_261_123
N_ITEMS, N_EPOCHS, N_CHOICES = 30, 30, 4
N_PROBABILITY_ITEMS = 20
FORMAT_FAILURE_RATE = 0.005
LETTERS = "ABCD"
PROMPT = "{question}\n{choices}\nLast line: 'ANSWER: $LETTER', one of {letters}."
PROBABILITY_PROMPT = "\nGive a probability for each option: <PROB>p_A, p_B, p_C, p_D</PROB>"


@dataclass(frozen=True)
class SimulatedModel:
    """A stand-in for a model of one size.

    Attributes:
        name: size in words.
        misled: share of items on which it takes the tempting option for the right one.
        noise_easy: share of stray answers on the easiest items.
        noise_hard: share of stray answers on the hardest items.
        tokens: median reasoning tokens on the easiest items.
    """

    name: str
    misled: float
    noise_easy: float
    noise_hard: float
    tokens: float


# Larger models are misled less often and are steadier on easy items; on hard items all of them stray alike.
MODELS = (
    SimulatedModel("small", misled=0.45, noise_easy=0.14, noise_hard=0.72, tokens=90),
    SimulatedModel("medium", misled=0.32, noise_easy=0.06, noise_hard=0.71, tokens=110),
    SimulatedModel("large", misled=0.21, noise_easy=0.02, noise_hard=0.70, tokens=130),
)


@dataclass(frozen=True)
class Draw:
    """One simulated answer: the option, or None for an answer that names none; its length; its stated probabilities."""

    option: int | None
    reasoning_tokens: int
    probabilities: tuple[float, ...]


def simulate(model: SimulatedModel, item: int, epoch: int) -> Draw:
    """Draw an answer. Each item has a difficulty, a right option and a tempting wrong one, the same for all models.

    A model that is misled on an item mostly gives the tempting option (bias); on top of that it strays (variance), more
    on hard items and in those samples of an item that turn out long.
    """
    shared = np.random.default_rng([SEED, item])
    difficulty = (item + shared.uniform()) / N_ITEMS
    tempting = (right_option(item) + int(shared.integers(1, N_CHOICES))) % N_CHOICES
    trap = (item * 0.618_034 + 0.35) % 1  # spreads the misleading items evenly over the difficulties

    own = np.random.default_rng([SEED, item, epoch, MODELS.index(model)])
    length = own.normal()
    reasoning_tokens = round(model.tokens * math.exp(1.6 * difficulty + 0.35 * length))
    noise = model.noise_easy + (model.noise_hard - model.noise_easy) * difficulty
    noise = min(max(noise * math.exp(0.45 * length), 0.0), 0.8)
    option = tempting if trap < model.misled else right_option(item)
    if own.uniform() < noise:
        option = int(own.integers(N_CHOICES))
    confidence = own.dirichlet(np.full(N_CHOICES, 0.2) + np.eye(N_CHOICES)[option] * (1.5 / (noise + 0.05)))
    fails = own.uniform() < FORMAT_FAILURE_RATE
    return Draw(None if fails else option, reasoning_tokens, tuple(round(float(p), 2) for p in confidence))


def right_option(item: int) -> int:
    """The right option of an item."""
    return int(np.random.default_rng([SEED, item, 1]).integers(N_CHOICES))


def difficulty_label(item: int) -> str:
    """A label such as people give: related to the difficulty, and often wrong."""
    noisy = item / N_ITEMS + np.random.default_rng([SEED, item, 2]).normal(0, 0.25)
    return "easy" if noisy < 1 / 3 else "medium" if noisy < 2 / 3 else "hard"


def letter_text(draw: Draw) -> str:
    """The completion in choice format."""
    return "I am not sure." if draw.option is None else f"ANSWER: {LETTERS[draw.option]}"


def probability_text(draw: Draw) -> str:
    """The completion in probability format."""
    stated = ", ".join(f"{p:g}" for p in draw.probabilities)
    return "<PROB>unsure</PROB>" if draw.option is None or not any(draw.probabilities) else f"<PROB>{stated}</PROB>"


@solver
def probability_prompt() -> Solver:
    """Ask for a probability for each option."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        options = "\n".join(f"{LETTERS[i]}) {option.value}" for i, option in enumerate(state.choices))
        state.user_prompt.text = f"{state.user_prompt.text}\n{options}{PROBABILITY_PROMPT}"
        return await generate(state)

    return solve


@scorer(metrics=[mean()])
def states_probabilities() -> Scorer:
    """1 if there is a `<PROB>` tag: Inspect asks for a scorer; the warehouse reads the completion."""

    async def score(state: TaskState, target: Target) -> Score:
        return Score(value=float("<PROB>" in state.output.completion))

    return score


def run(model: SimulatedModel, n_items: int, task_parts: tuple[Solver, Scorer], text: Callable[[Draw], str]) -> Path:
    """Let Inspect run the task with the simulated model, in a folder that outlives the call; the log it wrote."""
    samples = [
        Sample(
            id=f"simulated-{item:02d}",
            input=f"Simulated question {item:02d}",
            choices=["one", "two", "three", "four"],
            target=LETTERS[right_option(item)],
            metadata={"subject": "simulation", "human_difficulty": difficulty_label(item)},
        )
        for item in range(n_items)
    ]

    def answer(*_: object) -> ModelOutput:
        state = sample_state()
        assert state is not None
        draw = simulate(model, int(str(state.sample_id).removeprefix("simulated-")), state.epoch)
        name = f"simulated-{model.name}"
        message = ChatMessageAssistant(content=text(draw), model=name, source="generate")
        usage = ModelUsage(
            input_tokens=40,
            output_tokens=draw.reasoning_tokens + 6,
            total_tokens=draw.reasoning_tokens + 46,
            reasoning_tokens=draw.reasoning_tokens,
        )
        return ModelOutput(model=name, choices=[ChatCompletionChoice(message=message, stop_reason="stop")], usage=usage)

    (log,) = eval(
        Task(
            name="simulated_mcq",
            dataset=MemoryDataset(samples, name="simulated"),
            solver=task_parts[0],
            scorer=task_parts[1],
            config=GenerateConfig(temperature=1.0),
            epochs=N_EPOCHS,
            metadata={"note": "Simulated answers of a mock model, for demonstration; no real model was asked."},
        ),
        model=get_model(f"mockllm/simulated-{model.name}", custom_outputs=answer, memoize=False),
        log_dir=tempfile.mkdtemp(),
        log_format="eval",
        log_realtime=False,
        log_model_api=False,
        display="none",
    )
    return Path(log.location)


def slim(sample: EvalSample) -> EvalSample:
    """Without events, messages and repeated numbers: nine tenths of a log, and nothing that an import needs."""
    scores = {
        name: score.model_copy(update={"explanation": None, "history": []})
        for name, score in (sample.scores or {}).items()
    }
    nothing: dict[str, object] = {
        "events": [],
        "messages": [],
        "attachments": {},
        "store": {},
        "role_usage": {},
        "model_usage": {},
    }
    unused = {"started_at": None, "working_time": None, "output": sample.output.model_copy(update={"time": None})}
    return sample.model_copy(update={**nothing, **unused, "scores": scores})


def main() -> None:
    """Write the four logs."""
    folder = Path(__file__).parent
    choice_parts = (multiple_choice(template=PROMPT), choice())
    jobs = [(model, N_ITEMS, choice_parts, letter_text, model.name) for model in MODELS]
    probability_parts = (probability_prompt(), states_probabilities())
    jobs.append((MODELS[-1], N_PROBABILITY_ITEMS, probability_parts, probability_text, "large_probability"))
    for model, n_items, parts, text, name in jobs:
        log = read_eval_log(str(run(model, n_items, parts, text)))
        log.samples = [slim(sample) for sample in log.samples or []]
        write_eval_log(log, str(folder / f"simulated_{name}.eval"))


if __name__ == "__main__":
    main()
