from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from synthetic.config import ProblemConfig
from synthetic.profiles import PAPER, QUICK
from synthetic.quadratic import Quadratic, descend, make_quadratic, sample_starts


def points(quadratic: Quadratic, n: int = 50, seed: int = 0) -> torch.Tensor:
    return sample_starts(quadratic, n, 1.0, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("problem", [QUICK.problem, PAPER.problem, replace(PAPER.problem, dimension=9, seed=3)])
def test_condition_number_is_exact_and_a_is_symmetric_positive_definite(problem: ProblemConfig) -> None:
    a = make_quadratic(problem).a.numpy()
    eigenvalues = np.linalg.eigvalsh(a)
    assert np.array_equal(a, a.T)
    assert eigenvalues[0] > 0
    assert eigenvalues[-1] / eigenvalues[0] == pytest.approx(problem.condition_number, rel=1e-9)
    assert eigenvalues[-1] == pytest.approx(problem.largest_eigenvalue, rel=1e-12)


def test_gradient_is_that_of_autograd() -> None:
    quadratic = make_quadratic(PAPER.problem)
    x = points(quadratic).requires_grad_()
    (automatic,) = torch.autograd.grad(quadratic.value(x).sum(), x)
    torch.testing.assert_close(quadratic.gradient(x.detach()), automatic, rtol=1e-12, atol=1e-14)


def test_value_by_hand() -> None:
    quadratic = Quadratic(
        a=torch.tensor([[2.0, 1.0], [1.0, 4.0]], dtype=torch.float64),
        b=torch.tensor([1.0, -1.0], dtype=torch.float64),
    )
    x = torch.tensor([2.0, 1.0], dtype=torch.float64)  # x - b = (1, 2); vᵀAv = 2 + 2·2 + 16
    assert quadratic.squared_a_norm(x - quadratic.b) == 22.0
    assert quadratic.value(x) == 11.0
    assert quadratic.gradient(x).tolist() == [4.0, 9.0]


def test_a_norm_is_that_of_numpy() -> None:
    quadratic = make_quadratic(PAPER.problem)
    vectors = points(quadratic).reshape(5, 10, 4)
    a = quadratic.a.numpy()
    expected = [[v @ a @ v for v in row] for row in vectors.numpy()]
    np.testing.assert_allclose(quadratic.squared_a_norm(vectors).numpy(), expected, rtol=1e-12)


def test_every_step_of_the_teacher_has_the_same_norm_and_points_downhill() -> None:
    quadratic = make_quadratic(PAPER.problem)
    x = points(quadratic)
    step = quadratic.teacher_step(x, 0.005)
    torch.testing.assert_close(step.norm(dim=-1), torch.full((50,), 0.005, dtype=torch.float64), rtol=1e-14, atol=0)
    cosine = torch.nn.functional.cosine_similarity(step, quadratic.gradient(x), dim=-1)
    torch.testing.assert_close(cosine, torch.full_like(cosine, -1.0), rtol=1e-12, atol=0)


def test_the_teacher_stays_at_the_minimum() -> None:
    quadratic = make_quadratic(QUICK.problem)
    assert quadratic.teacher_step(quadratic.b, 0.05).tolist() == [0.0, 0.0]


def test_descent_moves_by_teacher_steps_and_reaches_the_neighbourhood_of_the_minimum() -> None:
    quadratic = make_quadratic(QUICK.problem)
    starts = points(quadratic)
    trajectory = descend(quadratic, starts, 150, 0.05)
    assert torch.equal(trajectory[0], starts)
    moved = trajectory[:-1] + quadratic.teacher_step(trajectory[:-1], 0.05)
    assert torch.equal(trajectory[1:], moved)
    # In the end it hops across the minimum: within a step norm of it along the steepest axis.
    floor = 0.5 * QUICK.problem.largest_eigenvalue * 0.05**2
    assert (quadratic.value(trajectory[-1]) < floor).all()


def test_a_seed_gives_one_problem() -> None:
    again = make_quadratic(PAPER.problem)
    assert torch.equal(again.a, make_quadratic(PAPER.problem).a)
    assert not torch.equal(again.a, make_quadratic(replace(PAPER.problem, seed=2)).a)
