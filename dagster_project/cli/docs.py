"""What explains: the guides and examples that come with the package."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from dagster_project.cli.app import app, say
from warehouse.installation import DOCS_DIR


@app.command()
def docs(folder: Annotated[Path, typer.Argument(help="Where to; made if it is not there.")] = Path("docs")) -> None:
    """Put the guides, the example experiments and the mappings into a folder. What is there already stays as it is.

    Example: incoherence docs && incoherence sample docs/examples/own-items.yaml --dry-run
    """
    n_copied = n_kept = 0
    for source in sorted(path for path in DOCS_DIR.rglob("*") if path.is_file() and path.name[0] != "."):
        target = folder / source.relative_to(DOCS_DIR)
        if target.exists():
            n_kept += 1
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        n_copied += 1
    kept = f", {n_kept} were there already and stay as they are" if n_kept else ""
    say(f"{n_copied} files copied to {folder}{kept}")
