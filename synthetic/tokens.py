"""Numbers as tokens: sign, one negative-exponent digit, 1 + p mantissa digits; no separators.

Decoding-based regression (Song & Bahri 2025) as the paper's synthetic optimizer uses it. A number is
`± E M₀ M₁ … M_p`, standing for ± M₀.M₁…M_p × 10^−E. With p = 2, x = (0.5, −1.5) is `+1500` `-0150`.

Rules, in the order in which they apply to |v|:

1. *Exponent.* E is the smallest digit with |v| ≥ 10^−E, so M₀ ≥ 1. It is capped at 0 from below (numbers of 1 and more
   keep E = 0) and at 9 from above (smaller numbers keep E = 9 and get leading zeros).
2. *Rounding.* The mantissa |v| · 10^E is rounded to p decimals, ties to even, as if it had been computed without error:
   the double written 2.675 is a little less than that, and becomes `+0267`. A carry past 9.99… moves to the next
   exponent: 0.9996 is `+0100`.
3. *Overflow.* What needs more than E = 0 offers is written as the largest number, 9.99…: values saturate.
4. *Zero.* What rounds to zero, negative zero too, is written `+9000`.

Decoding takes any digits, so `-0000` and `+0015` (a model may write them) are −0 and 0.15.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from synthetic.config import VOCABULARY

PLUS = VOCABULARY.index("+")
MINUS = VOCABULARY.index("-")
LARGEST_EXPONENT = 9


@dataclass(frozen=True)
class NumberTokens:
    """Encode numbers as tokens and back.

    Attributes:
        decimals: p, mantissa digits after the first.
    """

    decimals: int

    @property
    def length(self) -> int:
        """Tokens per number."""
        return 3 + self.decimals

    @property
    def largest(self) -> float:
        """The largest number that can be written: 9.99…"""
        return 10.0 - 10.0**-self.decimals

    def encode(self, values: Tensor) -> Tensor:
        """Tokens of float64 numbers: shape (…, n) becomes (…, n · length), uint8.

        Raises:
            ValueError: if a value is NaN or infinite.
        """
        if not bool(torch.isfinite(values).all()):
            raise ValueError("cannot write NaN or an infinity as tokens; check the point that it comes from")
        return self.encode_finite(values)

    def encode_finite(self, values: Tensor) -> Tensor:
        """`encode` of numbers that are known to be finite: it never waits for the device to look at them."""
        values = values.to(torch.float64)
        magnitude = values.abs()
        # Comparing with the doubles nearest to 10^-E is exact where a logarithm would be off by one at powers of ten.
        exponent = (magnitude.unsqueeze(-1) < _thresholds(values.device)).sum(-1)
        ceiling = 10 ** (self.decimals + 1)
        scaled = _rounded_product(magnitude, _power_of_ten(exponent + self.decimals))
        mantissa = scaled.clamp(max=ceiling).to(torch.int64)  # clamped first: 1e300 has no int64
        carried = (mantissa == ceiling) & (exponent > 0)
        mantissa = torch.where(carried, ceiling // 10, mantissa.clamp(max=ceiling - 1))
        exponent = exponent - carried.to(exponent.dtype)
        sign = torch.where((values < 0) & (mantissa > 0), MINUS, PLUS)
        digits = mantissa.unsqueeze(-1) // _places(self.decimals, values.device) % 10
        tokens = torch.cat([sign.unsqueeze(-1), exponent.unsqueeze(-1), digits], dim=-1)
        return tokens.flatten(-2).to(torch.uint8)

    def decode(self, tokens: Tensor) -> Tensor:
        """Numbers of legal tokens: shape (…, n · length) becomes (…, n), float64.

        Tokens are not checked: constrained decoding makes only legal ones (see `allowed_tokens`).
        """
        tokens = tokens.to(torch.int64).reshape(*tokens.shape[:-1], -1, self.length)
        sign = torch.where(tokens[..., 0] == MINUS, -1.0, 1.0).to(torch.float64)
        mantissa = (tokens[..., 2:] * _places(self.decimals, tokens.device)).sum(-1)
        # One division of two exact doubles: the result is the double nearest to the decimal number.
        return sign * mantissa.to(torch.float64) / _power_of_ten(tokens[..., 1] + self.decimals)

    def allowed_tokens(self, position: int) -> Tensor:
        """Ids of the tokens that may stand at a place of a sequence: signs where a sign belongs, digits elsewhere."""
        return torch.tensor([PLUS, MINUS]) if position % self.length == 0 else torch.arange(10)

    def legal_mask(self, n_tokens: int) -> Tensor:
        """`allowed_tokens` of each of `n_tokens` places as a boolean mask, shape (n_tokens, vocabulary)."""
        mask = torch.zeros(n_tokens, len(VOCABULARY), dtype=torch.bool)
        for position in range(n_tokens):
            mask[position, self.allowed_tokens(position)] = True
        return mask

    def uniform_loss(self, positions: range) -> float:
        """Mean over places of ln(number of legal tokens), in nats: the loss of a guess uniform over legal tokens."""
        return float(self.legal_mask(positions.stop)[positions.start :].sum(-1).to(torch.float64).log().mean())

    def to_text(self, tokens: Tensor) -> str:
        """Tokens (1-D) as characters, for people and tests."""
        return "".join(VOCABULARY[int(token)] for token in tokens)

    def from_text(self, text: str) -> Tensor:
        """Characters as tokens.

        Raises:
            ValueError: if a character is not in the vocabulary or stands where it may not.
        """
        for position, character in enumerate(text):
            if VOCABULARY.find(character) not in self.allowed_tokens(position).tolist():
                raise ValueError(f"{text!r}: {character!r} may not stand at position {position}")
        if len(text) % self.length:
            raise ValueError(f"{text!r}: {len(text)} characters are no whole number of {self.length}-token numbers")
        return torch.tensor([VOCABULARY.index(character) for character in text], dtype=torch.uint8)


def _rounded_product(values: Tensor, powers: Tensor) -> Tensor:
    """The exact product of doubles that are not negative, rounded to whole numbers, ties to even.

    Rounding the product to a double first changes the result in one case only: when that double lies in the middle of
    two whole numbers, and the exact product beside it. On which side is the sign of the error, which is a double too
    (Dekker 1971).
    """
    product = values * powers
    (high, low), (power_high, power_low) = _halves(values), _halves(powers)
    error = ((high * power_high - product) + high * power_low + low * power_high) + low * power_low
    below = product.floor()
    is_beside_the_middle = (product - below == 0.5) & (error != 0)
    return torch.where(is_beside_the_middle, below + (error > 0), product.round())


def _halves(values: Tensor) -> tuple[Tensor, Tensor]:
    """Two doubles of 26 bits each whose sum is the value (Veltkamp 1968)."""
    shifted = values * (2.0**27 + 1)
    high = shifted - (shifted - values)
    return high, values - high


def _power_of_ten(exponent: Tensor) -> Tensor:
    return _powers(exponent.device)[exponent]


# Constants are made once per device: copying them there anew each time would make a GPU wait.


@cache
def _powers(device: torch.device) -> Tensor:
    # 10.0**k is exact up to k = 22, and 9 + 12 is the most that is ever asked for.
    return torch.tensor([10.0**k for k in range(22)], dtype=torch.float64, device=device)


@cache
def _thresholds(device: torch.device) -> Tensor:
    return torch.tensor([10.0**-e for e in range(LARGEST_EXPONENT)], dtype=torch.float64, device=device)


@cache
def _places(decimals: int, device: torch.device) -> Tensor:
    return torch.tensor([10**k for k in range(decimals, -1, -1)], device=device)
