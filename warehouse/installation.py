"""Where the code and what belongs to it lie: in a checkout, or in `site-packages`. Nothing is ever written there."""

from __future__ import annotations

from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parents[1]
"""The folder of the packages: the checkout, or `site-packages`."""

_BUNDLED = Path(__file__).resolve().parent / "bundled"
"""A wheel carries here what lies beside the packages in a checkout (`sources` in pyproject.toml)."""

IS_CHECKOUT = not _BUNDLED.is_dir()

DBT_PROJECT_DIR = PROJECT_ROOT / "dbt" if IS_CHECKOUT else _BUNDLED / "dbt"
"""The dbt project. Its artifacts go to `Layout.dbt_target`, its logs to `Layout.dbt_logs`."""

DOCS_DIR = PROJECT_ROOT / "docs" if IS_CHECKOUT else _BUNDLED / "docs"
"""Guides, example experiments, mappings."""

DEFAULT_ROOT = PROJECT_ROOT / "warehouse" / "data" if IS_CHECKOUT else Path("incoherence-warehouse")
"""The warehouse where nothing is said about it; a relative one starts at the current folder."""
