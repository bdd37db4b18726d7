"""Published: the read-only file, the pictures, the report."""

import base64
from collections.abc import Sequence

import dagster as dg

from dagster_project.assets.transformed import WRITER_POOL
from dagster_project.resources import Warehouse
from dagster_project.run_log import reporter
from warehouse.figures import FIGURES, Figure, draw_figure
from warehouse.publish import publish
from warehouse.report import write_page

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
        page = write_page(warehouse.layout)
        if page.faults:
            raise dg.Failure(
                "\n".join(f"{name} could not be drawn: {why}" for name, why in page.faults.items()),
                metadata={"path": dg.MetadataValue.path(str(page.path))},
                allow_retries=False,
            )
        return dg.MaterializeResult(
            metadata={"path": dg.MetadataValue.path(str(page.path)), "url": dg.MetadataValue.url(page.path.as_uri())}
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
        drawn = draw_figure(figure, warehouse.layout)
        if drawn is None:
            return dg.MaterializeResult(metadata={"nothing to draw yet": figure.needs, "n_rows": 0})
        image = base64.b64encode(drawn.png.read_bytes()).decode()
        return dg.MaterializeResult(
            metadata={
                "picture": dg.MetadataValue.md(f"![{figure.title}](data:image/png;base64,{image})"),
                "png": dg.MetadataValue.path(str(drawn.png)),
                "svg": dg.MetadataValue.path(str(drawn.svg)),
                "n_rows": drawn.n_rows,
            }
        )

    return picture
