"""One self-contained HTML page: findings in words, figures, models. Opens from disk, without a network."""

from warehouse.report.page import write_report

__all__ = ["write_report"]
