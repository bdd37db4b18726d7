"""Draws `targets.svg`: four marksmen, whose error is bias, variance, both or little. `python docs/images/targets.py`.

The numbers under each target are computed from its own shots, as the warehouse computes those of answers.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle

SHOTS, RINGS = 14, (0.5, 1.0, 1.5)
INK, RING, SHOT, MEAN = "#1f2933", "#cbd2d9", "#2563eb", "#d97706"

MARKSMEN = (
    ("always the same mistake", "systematic", (0.85, 0.65), 0.10),
    ("never the same mistake", "a hot mess", (0.05, 0.0), 0.62),
    ("some of both", "", (0.60, 0.45), 0.42),
    ("nearly right", "what is left is scatter", (0.02, 0.02), 0.12),
)


def draw(axes: Axes, title: str, name: str, aim: tuple[float, float], spread: float, seed: int) -> None:
    """One target with its shots, their mean, and error = bias² + variance."""
    noise = np.random.default_rng(seed).normal(size=(SHOTS, 2))
    shots = np.asarray(aim) + spread * (noise - noise.mean(0)) / noise.std(0)
    mean = shots.mean(0)
    bias_sq, variance = float(mean @ mean), float(((shots - mean) ** 2).sum(1).mean())
    assert np.isclose(bias_sq + variance, (shots**2).sum(1).mean())
    for radius in RINGS:
        axes.add_patch(Circle((0, 0), radius, fill=False, color=RING, linewidth=1))
    axes.plot(0, 0, marker="+", color=INK, markersize=12)
    axes.plot(*shots.T, linestyle="none", marker="o", markersize=4.5, color=SHOT, alpha=0.8)
    axes.plot(*mean, linestyle="none", marker="D", markersize=7, color=MEAN, markeredgecolor="white")
    axes.plot([0, mean[0]], [0, mean[1]], color=MEAN, linewidth=1.5)
    axes.set(xlim=(-1.7, 1.7), ylim=(-1.7, 1.7), aspect="equal")
    axes.set_axis_off()
    axes.set_title(title + (f"\n{name}" if name else "\n"), fontsize=10, color=INK)
    error = bias_sq + variance
    axes.text(
        0,
        -1.8,
        f"error {error:.2f} = bias² {bias_sq:.2f} + variance {variance:.2f}\nincoherence {variance / error:.2f}",
        ha="center",
        va="top",
        fontsize=9,
        color=INK,
    )


def main() -> None:
    """Write `targets.svg` beside this file."""
    plt.rcParams["svg.hashsalt"] = "targets"
    picture, axes = plt.subplots(1, len(MARKSMEN), figsize=(11, 3.4))
    for seed, (one, marksman) in enumerate(zip(axes, MARKSMEN, strict=True)):
        draw(one, *marksman, seed=seed + 20)
    picture.subplots_adjust(left=0.01, right=0.99, top=0.84, bottom=0.16, wspace=0.05)
    picture.savefig(Path(__file__).with_suffix(".svg"), metadata={"Date": None}, facecolor="white")


if __name__ == "__main__":
    main()
