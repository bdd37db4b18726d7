"""One self-contained HTML page: findings in words, figures, models. Opens from disk, without a network."""

from warehouse.report.everything import Report, make_report
from warehouse.report.page import Page, write_page

__all__ = ["Page", "Report", "make_report", "write_page"]
