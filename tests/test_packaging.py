"""What a wheel and a source distribution hold. That the wheel works is the end-to-end test's, which installs it."""

from __future__ import annotations

import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.installed import build
from warehouse.layout import PROJECT_ROOT

PACKAGES = ("dagster_project", "ingestion", "synthetic", "warehouse")
BUNDLED = ("dbt", "docs")
LEFT_OUT = ("dbt/lint/", "docs/images/")


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
