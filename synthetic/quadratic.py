"""The problem and its teacher: an ill-conditioned quadratic, and steepest descent with a fixed step norm.

Paper section 5. All tensors are float64; random numbers come from a CPU generator, so that a seed gives the same
problem on every device.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from synthetic.config import ProblemConfig


@dataclass(frozen=True)
class Quadratic:
    """f(x) = ½ (x − b)ᵀ A (x − b).

    Attributes:
        a: A, symmetric positive definite, shape (d, d).
        b: the minimum x*, shape (d,).
    """

    a: Tensor
    b: Tensor

    def value(self, x: Tensor) -> Tensor:
        """f at points of shape (…, d); shape (…)."""
        return 0.5 * self.squared_a_norm(x - self.b)

    def gradient(self, x: Tensor) -> Tensor:
        """∇f = A (x − b) at points of shape (…, d)."""
        return (x - self.b) @ self.a

    def squared_a_norm(self, v: Tensor) -> Tensor:
        """‖v‖²_A = vᵀ A v of vectors of shape (…, d): the norm in which bias and variance are measured."""
        return torch.einsum("...i,ij,...j->...", v, self.a, v)

    def teacher_step(self, x: Tensor, step_norm: float) -> Tensor:
        """u = −step_norm · ∇f / ‖∇f‖ at points of shape (…, d); 0 at the minimum itself, where ∇f = 0."""
        gradient = self.gradient(x)
        length = torch.linalg.vector_norm(gradient, dim=-1, keepdim=True)
        return -step_norm * gradient / torch.where(length > 0, length, 1.0)


def make_quadratic(config: ProblemConfig, device: str = "cpu") -> Quadratic:
    """A random quadratic whose condition number is exact.

    The smallest and largest eigenvalue are set, those between are log-uniform (choice), and the axes are the
    orthogonal factor of a Gaussian matrix.
    """
    generator = torch.Generator().manual_seed(config.seed)
    d = config.dimension
    inner = torch.rand(d - 2, generator=generator, dtype=torch.float64)
    share = torch.cat([torch.zeros(1, dtype=torch.float64), inner, torch.ones(1, dtype=torch.float64)])
    eigenvalues = config.largest_eigenvalue * config.condition_number ** (share - 1)
    axes, _ = torch.linalg.qr(torch.randn(d, d, generator=generator, dtype=torch.float64))
    a = (axes * eigenvalues) @ axes.T
    b = config.minimum_scale * (2 * torch.rand(d, generator=generator, dtype=torch.float64) - 1)
    return Quadratic(a=(0.5 * (a + a.T)).to(device), b=b.to(device))


def sample_starts(quadratic: Quadratic, n: int, scale: float, generator: torch.Generator) -> Tensor:
    """`n` Gaussian points around the minimum, shape (n, d). The generator lives on the CPU."""
    noise = torch.randn(n, len(quadratic.b), generator=generator, dtype=torch.float64)
    return quadratic.b + scale * noise.to(quadratic.b.device)


def descend(quadratic: Quadratic, starts: Tensor, n_steps: int, step_norm: float) -> Tensor:
    """The teacher's trajectories from `starts` (n, d): shape (n_steps + 1, n, d), the starts first."""
    points = torch.empty(n_steps + 1, *starts.shape, dtype=starts.dtype, device=starts.device)
    points[0] = starts
    for step in range(n_steps):
        points[step + 1] = points[step] + quadratic.teacher_step(points[step], step_norm)
    return points
