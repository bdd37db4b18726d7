"""The storage side of the incoherence warehouse: contract, files, publishing, figures and report.

What belongs here: Arrow schemas of the raw layer, where things live, how Parquet is written, how the
published file is made and read. What does not: reading other tools' logs (`ingestion`), training
(`synthetic`), orchestration (`dagster_project`), and the maths of the decomposition (`dbt`).
"""

from warehouse.connect import connect
from warehouse.layout import Layout

__all__ = ["Layout", "connect"]
