"""The product without its checkout: distributions, and a wheel installed into an environment of its own."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


def build(kind: str, project: Path, folder: Path) -> Path:
    """A distribution (`wheel` or `sdist`), made without the network."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder)]
    subprocess.run(command, cwd=project, check=True, capture_output=True)
    (made,) = folder.iterdir()
    return made


@dataclass(frozen=True)
class Installed:
    """An installed wheel and a folder to work in, empty at first.

    Attributes:
        packages: the folder of the packages, read-only.
        command: `incoherence`.
        folder: where it is run.
    """

    packages: Path
    command: Path
    folder: Path

    def start(
        self, *arguments: str, root: Path | None = None, columns: int = 80, **options: Any
    ) -> subprocess.Popen[str]:
        """`incoherence`, begun in the folder; on the warehouse at `root`, or the one that the folder holds."""
        environment = self._environment(root) | {"COLUMNS": str(columns)}
        return subprocess.Popen([str(self.command), *arguments], cwd=self.folder, env=environment, text=True, **options)

    def run(
        self, *arguments: str, root: Path | None = None, columns: int = 80, expect: int = 0
    ) -> subprocess.CompletedProcess[str]:
        """`incoherence`, to its end, with the exit status that is expected of it."""
        with self.start(
            *arguments, root=root, columns=columns, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            out, err = process.communicate()
        assert process.returncode == expect, f"{arguments}: exit {process.returncode}\n{out[-4000:]}\n{err[-4000:]}"
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def python(self, code: str, root: Path | None = None) -> str:
        """What code prints, run on the warehouse at `root`, or the one that the folder holds."""
        command = [str(self.command.with_name("python")), "-P", "-c", code]
        return subprocess.run(
            command, cwd=self.folder, env=self._environment(root), capture_output=True, text=True, check=True
        ).stdout

    def files(self) -> dict[str, tuple[int, str]]:
        """Every file and folder of the packages with its time of change and content."""
        return {
            str(path): (
                path.stat().st_mtime_ns,
                hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
            )
            for path in sorted(self.packages.rglob("*"))
        }

    def _environment(self, root: Path | None) -> dict[str, str]:
        """As somebody has it who has set no variable."""
        ours = ("WAREHOUSE_ROOT", "DAGSTER", "DBT_", "PYTHONPATH")
        environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        chosen = {"WAREHOUSE_ROOT": str(root)} if root else {}
        return environment | {"XDG_CACHE_HOME": str(self.folder.parent / "cache")} | chosen


@contextmanager
def installed(wheel: Path, home: Path) -> Iterator[Installed]:
    """A wheel without its dependencies in an environment that sees those of this one; its packages are read-only."""
    environment = home / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    python = environment / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python), "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], check=True)
    (packages,) = (environment / "lib").glob("python*/site-packages")
    # Read as a plain folder: the .pth files in it, the editable installation's among them, are not.
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    inside = [packages, *packages.rglob("*")]
    for path in inside:
        path.chmod(0o555 if path.is_dir() else 0o444)
    folder = home / "empty folder"
    folder.mkdir()
    yield Installed(packages, environment / "bin" / "incoherence", folder)
    for path in inside:
        path.chmod(0o755 if path.is_dir() else 0o644)
