"""Our weights in Hugging Face `transformers`, decoded with its `generate`.

Arcee's architecture is ours but for positions: pre-norm RMSNorm, two-layer perceptron, no biases, a head of its own. So
its rotation is switched off (which only saves it work), and learned positions are added to its embeddings.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from transformers import ArceeConfig, LogitsProcessor, LogitsProcessorList
from transformers.models.arcee import modeling_arcee

from synthetic.config import VOCABULARY
from synthetic.model import Transformer


class ModelWithPositions(modeling_arcee.ArceeModel):
    positions: Tensor

    def forward(self, input_ids: Tensor | None = None, inputs_embeds: Tensor | None = None, **arguments: Any) -> Any:
        cache = arguments.get("cache")
        read = cache.get_seq_length() if cache is not None else 0
        assert input_ids is not None
        embedded = self.embed_tokens(input_ids) + self.positions[read : read + input_ids.shape[1]]
        return super().forward(inputs_embeds=embedded, **arguments)


class OnlyLegal(LogitsProcessor):
    """−∞ for tokens that may not stand at the place, as one addition for the whole batch."""

    def __init__(self, legal: Tensor, n_prompt: int) -> None:
        self.blocked = torch.zeros(legal.shape, device=legal.device).masked_fill(~legal, -torch.inf)
        self.n_prompt = n_prompt

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        return scores + self.blocked[input_ids.shape[1] - self.n_prompt]


def in_hugging_face(ours: Transformer) -> Any:
    """An `ArceeForCausalLM` with our weights."""
    modeling_arcee.apply_rotary_pos_emb = lambda q, k, *_arguments, **_named: (q, k)
    size = ours.size
    config = ArceeConfig(
        vocab_size=len(VOCABULARY),
        hidden_size=size.width,
        intermediate_size=4 * size.width,
        num_hidden_layers=size.n_layers,
        num_attention_heads=size.n_heads,
        num_key_value_heads=size.n_heads,
        hidden_act="silu",
        max_position_embeddings=ours.capacity + 1,
        rms_norm_eps=torch.finfo(torch.float32).eps,
        tie_word_embeddings=False,
        bos_token_id=None,
        eos_token_id=None,
        pad_token_id=None,
    )
    model = modeling_arcee.ArceeForCausalLM(config)
    model.model = ModelWithPositions(config)
    weights = {
        "model.embed_tokens.weight": ours.embedding.weight,
        "model.norm.weight": ours.norm.weight,
        "lm_head.weight": ours.head.weight,
    }
    for number, block in enumerate(ours.blocks):
        key, value = block.key_value.weight.chunk(2)
        weights |= {
            f"model.layers.{number}.{name}.weight": weight
            for name, weight in {
                "self_attn.q_proj": block.query.weight,
                "self_attn.k_proj": key,
                "self_attn.v_proj": value,
                "self_attn.o_proj": block.attention_out.weight,
                "mlp.up_proj": block.mlp_in.weight,
                "mlp.down_proj": block.mlp_out.weight,
                "input_layernorm": block.attention_norm.weight,
                "post_attention_layernorm": block.mlp_norm.weight,
            }.items()
        }
    model.load_state_dict(weights)
    model.model.positions = ours.positions.detach()
    return model.to(ours.head.weight.device).eval()


@torch.inference_mode()
def generate(model: Any, prompts: Tensor, legal: Tensor) -> Tensor:
    """Greedy constrained decoding of `len(legal)` tokens."""
    sequences = model.generate(
        prompts,
        attention_mask=torch.ones_like(prompts),
        max_new_tokens=len(legal),
        do_sample=False,
        use_cache=True,
        logits_processor=LogitsProcessorList([OnlyLegal(legal, prompts.shape[1])]),
    )
    return sequences[:, prompts.shape[1] :]
