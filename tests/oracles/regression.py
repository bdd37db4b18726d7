"""A power law by least squares on logarithms, from the normal equations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats


@dataclass(frozen=True)
class Fit:
    """A line through logarithms; None where the data do not determine a number."""

    slope: float | None
    slope_ci_low: float | None
    slope_ci_high: float | None
    intercept: float | None
    r2: float | None
    n_points: int
    n_dropped: int


def log_log_fit(x: list[float | None], y: list[float | None], floor: float = 0) -> Fit:
    """Fit ln y = intercept + slope · ln x over the points with x > 0 and y > floor."""
    kept = [(a, b) for a, b in zip(x, y, strict=True) if a is not None and b is not None and a > 0 and b > floor]
    n_points, n_dropped = len(kept), len(x) - len(kept)
    if len({a for a, _ in kept}) < 2:
        return Fit(None, None, None, None, None, n_points, n_dropped)
    log_x, log_y = np.log([a for a, _ in kept]), np.log([b for _, b in kept])
    design = np.column_stack([np.ones(n_points), log_x])
    (intercept, slope), *_ = np.linalg.lstsq(design, log_y, rcond=None)
    residuals = log_y - design @ [intercept, slope]
    spread = np.sum((log_y - log_y.mean()) ** 2)
    r2 = float(1 - np.sum(residuals**2) / spread) if len({b for _, b in kept}) > 1 else None
    low = high = None
    if n_points > 2:
        covariance = np.sum(residuals**2) / (n_points - 2) * np.linalg.inv(design.T @ design)
        half_width = stats.t.ppf(0.975, n_points - 2) * np.sqrt(covariance[1, 1])
        low, high = float(slope - half_width), float(slope + half_width)
    return Fit(float(slope), low, high, float(intercept), r2, n_points, n_dropped)


def log_log_plane(
    x: list[float | None], z: list[float | None], y: list[float | None], floor: float = 0
) -> dict[str, float | None]:
    """Fit ln y = intercept + a · ln x + b · ln z; a is the slope of length, b that of scale."""
    kept = [
        (a, b, c)
        for a, b, c in zip(x, z, y, strict=True)
        if a is not None and b is not None and c is not None and a > 0 and b > 0 and c > floor
    ]
    logs = np.log(np.array(kept))
    n_points = len(kept)
    design = np.column_stack([np.ones(n_points), logs[:, 0], logs[:, 1]])
    coefficients, *_ = np.linalg.lstsq(design, logs[:, 2], rcond=None)
    residuals = logs[:, 2] - design @ coefficients
    covariance = np.sum(residuals**2) / (n_points - 3) * np.linalg.inv(design.T @ design)
    half_widths = stats.t.ppf(0.975, n_points - 3) * np.sqrt(np.diag(covariance))
    spread = np.sum((logs[:, 2] - logs[:, 2].mean()) ** 2)
    found: dict[str, float | None] = {"intercept": float(coefficients[0])}
    for index, name in ((1, "slope_length"), (2, "slope_scale")):
        found[name] = float(coefficients[index])
        found[f"{name}_ci_low"] = float(coefficients[index] - half_widths[index])
        found[f"{name}_ci_high"] = float(coefficients[index] + half_widths[index])
    return found | {
        "r2": float(1 - np.sum(residuals**2) / spread),
        "n_points": n_points,
        "n_dropped": len(x) - n_points,
    }
