"""Pictures of the figure tables: a still one (matplotlib) and an interactive one (Altair) for each.

A picture reads `figures.fig_*` tables of the published file and computes nothing: what it shows can be queried. To add
one, write a module with a `FIGURE` and list it here; charts, report and the Dagster graph follow from this list.
"""

from __future__ import annotations

from warehouse.figures import (
    accuracy_by_model_scale,
    accuracy_matched,
    agreement,
    answer_changes,
    bias_vs_variance,
    contrasts,
    drift,
    embedding_variance,
    ensembling,
    failure_modes,
    format_failures,
    incoherence_by_label,
    incoherence_by_model_scale,
    incoherence_by_reasoning_budget,
    incoherence_by_reasoning_length,
    incoherence_difference,
    judge_noise,
    length_and_scale_regression,
    mixed_ensembles,
    natural_overthinking,
    natural_overthinking_difference,
    planner,
    public_results,
    reasoning_length_by_difficulty,
    reasoning_length_correlation,
    reliability,
    sample_efficiency,
    sensitivity,
    shared_errors,
    survey,
    synthetic_by_scale,
    synthetic_by_step,
    synthetic_settings,
    synthetic_trajectories,
    transcripts,
    variance_components,
    wait_ratio,
)
from warehouse.figures.base import Figure, read_tables
from warehouse.figures.render import Drawn, draw_figure

FIGURES: tuple[Figure, ...] = (
    incoherence_by_reasoning_length.FIGURE,
    natural_overthinking.FIGURE,
    natural_overthinking_difference.FIGURE,
    incoherence_by_reasoning_budget.FIGURE,
    contrasts.FIGURE,
    drift.FIGURE,
    incoherence_difference.FIGURE,
    accuracy_matched.FIGURE,
    incoherence_by_model_scale.FIGURE,
    incoherence_by_label.FIGURE,
    bias_vs_variance.FIGURE,
    length_and_scale_regression.FIGURE,
    reasoning_length_correlation.FIGURE,
    reasoning_length_by_difficulty.FIGURE,
    accuracy_by_model_scale.FIGURE,
    ensembling.FIGURE,
    sample_efficiency.FIGURE,
    planner.FIGURE,
    reliability.FIGURE,
    variance_components.FIGURE,
    judge_noise.FIGURE,
    sensitivity.FIGURE,
    wait_ratio.FIGURE,
    answer_changes.FIGURE,
    format_failures.FIGURE,
    failure_modes.FIGURE,
    agreement.FIGURE,
    shared_errors.FIGURE,
    mixed_ensembles.FIGURE,
    public_results.FIGURE,
    transcripts.FIGURE,
    embedding_variance.FIGURE,
    survey.FIGURE,
    synthetic_by_step.FIGURE,
    synthetic_by_scale.FIGURE,
    synthetic_trajectories.FIGURE,
    synthetic_settings.FIGURE,
)
"""In the order of the report."""

__all__ = ["FIGURES", "Drawn", "Figure", "draw_figure", "read_tables"]
