"""The product without its checkout: a wheel, in an environment of its own, used from an empty folder."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from warehouse.connect import connect
from warehouse.layout import PROJECT_ROOT, Layout

PACKAGES = ("dagster_project", "ingestion", "synthetic", "warehouse")
BUNDLED = ("dbt", "docs")
LEFT_OUT = ("dbt/lint/", "docs/images/")

N_ASSETS = """
from dagster_project.definitions import build_definitions
print(len(build_definitions().resolve_asset_graph().get_all_asset_keys()))
"""


def build(kind: str, project: Path, folder: Path) -> Path:
    """A distribution, made without the network."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder)]
    subprocess.run(command, cwd=project, check=True, capture_output=True)
    (made,) = folder.iterdir()
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", PROJECT_ROOT, tmp_path_factory.mktemp("wheel"))


def members(wheel: Path) -> dict[str, int]:
    """Names of the files in a wheel, its metadata left out, with their checksums."""
    with zipfile.ZipFile(wheel) as file:
        return {info.filename: info.CRC for info in file.infolist() if ".dist-info/" not in info.filename}


def test_the_wheel_has_every_file_of_the_packages_and_no_other(wheel: Path) -> None:
    if not (PROJECT_ROOT / ".git").exists():
        pytest.skip("not a checkout")
    asked = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *PACKAGES, *BUNDLED]
    listed = subprocess.run(asked, cwd=PROJECT_ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    files = {name for name in listed if (PROJECT_ROOT / name).is_file() and not name.startswith(LEFT_OUT)}
    wanted = {f"warehouse/bundled/{name}" if name.startswith(("dbt/", "docs/")) else name for name in files}
    assert set(members(wheel)) == wanted


def test_nothing_shadows_another_package(wheel: Path) -> None:
    assert {name.split("/")[0] for name in members(wheel)} == set(PACKAGES)


def test_a_source_distribution_makes_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    sdist = build("sdist", PROJECT_ROOT, tmp_path / "sdist")
    with tarfile.open(sdist) as file:
        file.extractall(tmp_path, filter="data")
    again = build("wheel", tmp_path / sdist.name.removesuffix(".tar.gz"), tmp_path / "wheel")
    assert members(again) == members(wheel)


@dataclass
class Installed:
    """An installed wheel and an empty folder to work in."""

    packages: Path
    command: Path
    folder: Path

    def run(self, *arguments: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
        """`incoherence` from the folder."""
        done = subprocess.run(
            [str(self.command), *arguments],
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == expect, (
            f"{arguments}: {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        )
        return done

    def python(self, code: str) -> int:
        """What code prints, a number."""
        done = subprocess.run(
            [str(self.command.with_name("python")), "-P", "-c", code],
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            check=True,
        )
        return int(done.stdout)

    def _environment(self) -> dict[str, str]:
        """As somebody has it who has set no variable."""
        ours = ("WAREHOUSE_ROOT", "DAGSTER", "DBT_", "PYTHONPATH")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        return environment | {"PYTHONDONTWRITEBYTECODE": "1", "XDG_CACHE_HOME": str(self.folder.parent / "cache")}

    def files(self) -> dict[str, tuple[int, str]]:
        """Every file and folder of the packages with its time of change and content."""
        return {
            str(path): (
                path.stat().st_mtime_ns,
                hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
            )
            for path in sorted(self.packages.rglob("*"))
        }


@pytest.fixture
def installed(wheel: Path, tmp_path: Path) -> Iterator[Installed]:
    """Installed without its dependencies into an environment that sees those of this one, and read-only."""
    home = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    python = home / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python), "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-index", "--no-compile", str(wheel)], check=True)
    (packages,) = (home / "lib").glob("python*/site-packages")
    # Read as a plain folder: the .pth files in it, the editable installation's among them, are not.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    inside = [packages, *packages.rglob("*")]
    for path in inside:
        path.chmod(0o555 if path.is_dir() else 0o444)
    folder = tmp_path / "empty folder"
    folder.mkdir()
    yield Installed(packages, home / "bin" / "incoherence", folder)
    for path in inside:
        path.chmod(0o755 if path.is_dir() else 0o644)


def test_import_build_publish_report_query_from_an_empty_folder(installed: Installed, tmp_path: Path) -> None:
    before = installed.files()
    no_log = tmp_path / "notes.eval"
    no_log.write_text("these are my notes")
    logs = sorted((installed.packages / "ingestion" / "logs" / "demo").glob("*.eval"))
    refused = installed.run("import", str(no_log), str(logs[0]), expect=1)
    assert len(refused.stderr.strip().splitlines()) == 1
    assert "notes.eval" in refused.stderr
    assert "1 imported, 1 refused" in refused.stdout
    assert "1 unchanged" in installed.run("import", str(logs[0])).stdout
    installed.run("publish", expect=1)
    installed.run("build")
    installed.run("publish")
    installed.run("report")
    layout = Layout(installed.folder / "incoherence-warehouse")
    page = layout.report.read_text(encoding="utf-8")
    assert "has nothing to draw" in page, "one log does not fill every figure, and the page says so"
    status = installed.run("status").stdout
    assert "quarantined: 1" in status
    assert "notes.eval" in status
    (header, row) = installed.run("query", "select count(*) from marts.fct_sample", "--format", "csv").stdout.split()
    with connect(layout.published_database) as con:
        assert con.execute("select count(*) from marts.fct_sample").fetchone() == (int(row),), header
        with pytest.raises(duckdb.CatalogException):
            con.execute("from staging.stg_samples")
    installed.run("docs")
    assert (installed.folder / "docs" / "examples" / "own-items.yaml").is_file()
    assert "90 samples planned" in installed.run("sample", "docs/examples/own-items.yaml", "--dry-run").stdout
    assert {path.name for path in installed.folder.iterdir()} == {"incoherence-warehouse", "docs"}
    # The graph is made from the manifest of that build, in a folder that has the packages' names.
    (installed.folder / "warehouse.py").write_text("raise ImportError('not this one')")
    assert installed.python(N_ASSETS) > 100
    assert installed.files() == before, "nothing was written beside the packages"
