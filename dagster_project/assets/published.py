"""Published: the read-only file, the pictures, the report."""

import base64
from collections.abc import Sequence

import dagster as dg

from dagster_project.assets.transformed import WRITER_POOL
from dagster_project.progress import reporter
from dagster_project.resources import Warehouse
from warehouse.connect import connect
from warehouse.figures import FIGURES, Figure, draw_figure, read_tables
from warehouse.publish import publish
from warehouse.report import write_report

GROUP = "published"
DATABASE_KEY = dg.AssetKey([GROUP, "warehouse"])


def make_published_assets(tables: Sequence[dg.AssetKey]) -> list[dg.AssetsDefinition]:
    """The published file, which depends on every mart and figure table, and what is made from it.

    Args:
        tables: asset keys of the marts and the figure tables.
    """

    @dg.asset(
        key=DATABASE_KEY,
        deps=tables,
        group_name=GROUP,
        kinds={"duckdb"},
        pool=WRITER_POOL,
        description="The one file that users, notebooks and BI tools open: marts and figures, read-only, in a storage "
        "format that every DuckDB 1.x driver reads. Parquet and CSV exports lie beside it.",
    )
    def published_warehouse(context: dg.AssetExecutionContext, warehouse: Warehouse) -> dg.MaterializeResult[None]:
        result = publish(warehouse.layout, reporter(context))
        return dg.MaterializeResult(
            metadata={
                "path": dg.MetadataValue.path(str(result.path)),
                "n_tables": len(result.row_counts),
                "dagster/row_count": sum(result.row_counts.values()),
                "rows": dg.MetadataValue.json(result.row_counts),
            }
        )

    @dg.asset(
        key=[GROUP, "report"],
        deps=[DATABASE_KEY],
        group_name=GROUP,
        kinds={"html"},
        description="One self-contained page: the findings in plain words, every figure, a table of models. Opens from "
        "disk, without a network.",
    )
    def report(warehouse: Warehouse) -> dg.MaterializeResult[None]:
        path = write_report(warehouse.layout)
        return dg.MaterializeResult(
            metadata={"path": dg.MetadataValue.path(str(path)), "url": dg.MetadataValue.url(path.as_uri())}
        )

    return [published_warehouse, report, *(_picture(figure) for figure in FIGURES)]


def _picture(figure: Figure) -> dg.AssetsDefinition:
    @dg.asset(
        key=[GROUP, figure.name],
        deps=[DATABASE_KEY, *(dg.AssetKey(["figures", table]) for table in figure.tables)],
        group_name=GROUP,
        kinds={"matplotlib"},
        description=f"{figure.shows} Look for: {figure.look_for}",
    )
    def picture(warehouse: Warehouse) -> dg.MaterializeResult[None]:
        with connect(warehouse.layout.published_database) as con:
            tables = read_tables(con, figure.tables)
        png, svg = draw_figure(figure, tables, warehouse.layout.figures)
        image = base64.b64encode(png.read_bytes()).decode()
        return dg.MaterializeResult(
            metadata={
                "picture": dg.MetadataValue.md(f"![{figure.title}](data:image/png;base64,{image})"),
                "png": dg.MetadataValue.path(str(png)),
                "svg": dg.MetadataValue.path(str(svg)),
                "n_rows": sum(table.height for table in tables.values()),
            }
        )

    return picture
