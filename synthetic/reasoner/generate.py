"""Completions of the reasoner family: text in, text and token counts out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from synthetic.model import Transformer, param_count
from synthetic.reasoner.data import MAX_COMPLETION_TOKENS, PAD_ID
from synthetic.reasoner.family import CHECKPOINTS, load_model
from synthetic.reasoner.sampling import sample
from synthetic.reasoner.task import ANSWER, END, TOKEN_IDS, decode, encode_prompt

BATCH_ROWS = 128
"""Rows that are sampled together. Larger batches gain nothing more (measured on two cores)."""

_END_ID, _ANSWER_ID = TOKEN_IDS[END], TOKEN_IDS[ANSWER]


@dataclass(frozen=True)
class Generation:
    """One completion.

    Attributes:
        text: the answer, `Answer: C`; empty if the model never came to one.
        reasoning: everything before it.
        n_prompt_tokens: tokens read, padding not counted.
        n_output_tokens: tokens written, reasoning included, the end marker not.
        n_reasoning_tokens: tokens of the reasoning.
        finish_reason: `stop` or `length`, as OpenAI's protocol names them.
    """

    text: str
    reasoning: str
    n_prompt_tokens: int
    n_output_tokens: int
    n_reasoning_tokens: int
    finish_reason: str


class LocalReasoner:
    """One trained model of the family. Safe to use from several threads.

    Attributes:
        name: of its size.
        param_count: number of parameters.
    """

    def __init__(self, name: str, model: Transformer) -> None:
        self.name = name
        self.param_count = param_count(model)
        self._model = model.eval()

    @classmethod
    def load(cls, name: str, folder: Path = CHECKPOINTS) -> LocalReasoner:
        """The model of that name, from the checkpoints that are shipped or from another folder.

        Raises:
            CheckpointError: if there is no such model, or its file is not what it should be.
        """
        return cls(name, load_model(folder, name))

    def generate(
        self,
        prompts: Sequence[str],
        *,
        seeds: Sequence[int],
        temperature: float = 1.0,
        max_new_tokens: int = MAX_COMPLETION_TOKENS,
        budget: str | None = None,
    ) -> list[Generation]:
        """One completion per prompt, in order. A completion depends on its own prompt and seed alone.

        Args:
            prompts: text as `task.render_prompt` makes it.
            seeds: one per prompt; any integers, taken modulo 2⁶⁴.
            temperature: of the sampling; 0 is greedy.
            max_new_tokens: tokens to write at most; more than the models can hold is cut to that.
            budget: what to ask for where a prompt does not say; None is `low`.

        Raises:
            PromptError: if a prompt cannot be read.
            ValueError: on a wrong number of seeds, a negative temperature or no tokens to write.
        """
        if len(seeds) != len(prompts):
            raise ValueError(f"seeds: got {len(seeds)} for {len(prompts)} prompts; give one each")
        if not 0 <= temperature < float("inf"):
            raise ValueError(f"temperature: got {temperature}; use 0 or more")
        if max_new_tokens < 1:
            raise ValueError(f"max_new_tokens: got {max_new_tokens}; use 1 or more")
        encoded = [encode_prompt(prompt, budget) for prompt in prompts]
        n_read = [len(prompt) - prompt.count(PAD_ID) for prompt in encoded]
        # Prompts of like length have completions of like length, so that a batch is done at about the same time;
        # and equal prompts are read once if they are in one batch.
        order = sorted(range(len(encoded)), key=lambda index: (encoded[index][0], n_read[index], encoded[index]))
        groups = [order[first : first + BATCH_ROWS] for first in range(0, len(order), BATCH_ROWS)]

        def run(group: list[int]) -> list[list[int]]:
            # The matrices are too small to share: one thread per batch, several batches at a time.
            torch.set_num_threads(1)
            return sample(
                self._model,
                torch.tensor([encoded[index] for index in group]),
                np.array([seeds[index] % 2**64 for index in group], dtype=np.uint64),
                temperature,
                min(max_new_tokens, MAX_COMPLETION_TOKENS),
            )

        written: dict[int, list[int]] = {}
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            for group, rows in zip(groups, pool.map(run, groups), strict=True):
                written.update(zip(group, rows, strict=True))
        return [_generation(n_read[index], written[index]) for index in range(len(encoded))]


def _generation(n_prompt_tokens: int, tokens: list[int]) -> Generation:
    is_ended = tokens[-1] == _END_ID
    tokens = tokens[:-1] if is_ended else tokens
    n_reasoning = tokens.index(_ANSWER_ID) if _ANSWER_ID in tokens else len(tokens)
    return Generation(
        text=decode(tokens[n_reasoning:]),
        reasoning=decode(tokens[:n_reasoning]),
        n_prompt_tokens=n_prompt_tokens,
        n_output_tokens=len(tokens),
        n_reasoning_tokens=n_reasoning,
        finish_reason="stop" if is_ended else "length",
    )
