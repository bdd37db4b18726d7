"""The family's network: the transformer of `synthetic.model`, whose embedding sees a few tokens at a time.

At every place it reads the sum of the embeddings of that token and of the three before it, each from its own table.
A step of a chain, `=12 b * 3`, is then in plain view where its result is to be written. Without the window a model of
this size spends most of its training on learning to look one token back.
"""

from __future__ import annotations

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from synthetic.config import ModelSize
from synthetic.model import Transformer
from synthetic.reasoner.data import CAPACITY, PAD_ID
from synthetic.reasoner.task import WORDS

WINDOW = 4
"""Tokens that the embedding sees: one of a chain's steps."""


class WindowEmbedding(nn.Embedding):
    """Sum of one embedding per place of a window."""

    def __init__(self, width: int) -> None:
        super().__init__(WINDOW * len(WORDS), width)

    def forward(self, windows: Tensor) -> Tensor:
        """Windows as `windows_of` makes them, shape (batch, n, WINDOW), become (batch, n, width)."""
        offsets = torch.arange(WINDOW, device=windows.device) * len(WORDS)
        embedded = functional.embedding(windows + offsets, self.weight)
        # Place by place: how `sum` adds up four numbers depends on the size of the batch.
        total = embedded[..., 0, :]
        for place in range(1, WINDOW):
            total = total + embedded[..., place, :]
        return total


def new_model(size: ModelSize) -> Transformer:
    """A model of a size, its weights not set. It reads windows, shape (batch, n, WINDOW), in place of tokens."""
    # The last token of a sequence is only ever predicted.
    model = Transformer(size, CAPACITY, len(WORDS))
    model.embedding = WindowEmbedding(size.width)
    return model


def windows_of(tokens: Tensor) -> Tensor:
    """Each token with the ones before it: shape (batch, n) becomes (batch, n, WINDOW), the token itself first."""
    padded = functional.pad(tokens, (WINDOW - 1, 0), value=PAD_ID)
    return padded.unfold(1, WINDOW, 1).flip(-1)
