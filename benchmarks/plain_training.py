"""A plain eager training in the style of karpathy/nanoGPT, with the architecture of `synthetic.model`.

Its parts are nanoGPT's: one linear for queries, keys and values, the fused causal attention, logits at every place,
`ignore_index` where no loss is wanted, AdamW as PyTorch makes it on the device, batches picked from an array of tokens.
On a GPU, as there: bfloat16 autocast, the fused AdamW, batches from pinned memory.
"""

from __future__ import annotations

import torch
import torch.nn.functional as functional
from torch import Tensor, nn

from synthetic.config import VOCABULARY, TrainingConfig
from synthetic.model import Block, Transformer


class PlainBlock(nn.Module):
    def __init__(self, width: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.norm_1 = nn.RMSNorm(width)
        self.attention = nn.Linear(width, 3 * width, bias=False)
        self.projection = nn.Linear(width, width, bias=False)
        self.norm_2 = nn.RMSNorm(width)
        self.widen = nn.Linear(width, 4 * width, bias=False)
        self.narrow = nn.Linear(4 * width, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        batch, n, width = x.shape
        q, k, v = (
            part.view(batch, n, self.n_heads, width // self.n_heads).transpose(1, 2)
            for part in self.attention(self.norm_1(x)).split(width, dim=2)
        )
        y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.projection(y.transpose(1, 2).contiguous().view(batch, n, width))
        return x + self.narrow(functional.silu(self.widen(self.norm_2(x))))


class PlainTransformer(nn.Module):
    def __init__(self, ours: Transformer) -> None:
        """With the weights of `ours`."""
        super().__init__()
        width = ours.size.width
        self.tokens = nn.Embedding(len(VOCABULARY), width)
        self.positions = nn.Embedding(ours.capacity, width)
        self.blocks = nn.ModuleList(PlainBlock(width, ours.size.n_heads) for _ in ours.blocks)
        self.norm = nn.RMSNorm(width)
        self.head = nn.Linear(width, len(VOCABULARY), bias=False)
        self.tokens.load_state_dict(ours.embedding.state_dict())
        self.positions.load_state_dict({"weight": ours.positions})
        self.norm.load_state_dict(ours.norm.state_dict())
        self.head.load_state_dict(ours.head.state_dict())
        for plain, block in zip(self.blocks, ours.blocks, strict=True):
            copy_block(plain, block)  # type: ignore[arg-type]

    def forward(self, tokens: Tensor, targets: Tensor) -> Tensor:
        x = self.tokens(tokens) + self.positions(torch.arange(tokens.shape[1], device=tokens.device))
        for block in self.blocks:
            x = block(x)
        logits = self.head(self.norm(x))
        return functional.cross_entropy(logits.view(-1, logits.shape[-1]), targets.reshape(-1), ignore_index=-1)


def copy_block(plain: PlainBlock, block: Block) -> None:
    plain.norm_1.load_state_dict(block.attention_norm.state_dict())
    plain.attention.load_state_dict({"weight": torch.cat([block.query.weight, block.key_value.weight])})
    plain.projection.load_state_dict(block.attention_out.state_dict())
    plain.norm_2.load_state_dict(block.mlp_norm.state_dict())
    plain.widen.load_state_dict(block.mlp_in.state_dict())
    plain.narrow.load_state_dict(block.mlp_out.state_dict())


def targets_of(sequences: Tensor, first_predicted: int) -> Tensor:
    """The next tokens, −1 where no loss is wanted."""
    targets = sequences[:, 1:].clone()
    targets[:, : first_predicted - 1] = -1
    return targets


def plain_train(
    model: PlainTransformer, sequences: Tensor, settings: TrainingConfig, first_predicted: int, n_steps: int
) -> float:
    """The loop, on the model's device; returns the last loss."""
    device = model.norm.weight.device
    is_cuda = device.type == "cuda"
    decayed = [p for p in model.parameters() if p.dim() >= 2]
    others = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": decayed, "weight_decay": settings.weight_decay}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, settings.beta2), fused=is_cuda or None)
    loss = torch.zeros(())
    for _ in range(n_steps):
        rows = torch.randint(len(sequences), (settings.batch_size,))
        batch = sequences[rows].to(torch.int64)
        if is_cuda:
            batch = batch.pin_memory().to(device, non_blocking=True)
        with torch.autocast("cuda", torch.bfloat16, enabled=is_cuda):
            loss = model(batch[:, :-1], targets_of(batch, first_predicted))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), settings.gradient_clip)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return loss.item()
