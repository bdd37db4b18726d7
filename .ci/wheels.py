"""Has every pin of `constraints.txt` a wheel for each Python and system that the README names? Needs uv and a network.

    uvx --with packaging python .ci/wheels.py        (or any Python that has uv and the development tools)

Prints the pins that have none, which pip would build from source, and those that refuse a Python; exit status 1 if
there are any but the known ones.
"""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from packaging.specifiers import SpecifierSet

CONSTRAINTS = Path(__file__).resolve().parents[1] / "constraints.txt"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
SYSTEMS = ("x86_64-manylinux_2_28", "aarch64-manylinux_2_28", "aarch64-apple-darwin")
OLDEST_MACOS = "14.0"

KNOWN = {
    ("halo", "any"): "pure Python without a wheel, of the development tools; pip builds it",
    ("watchdog", "3.14 aarch64-apple-darwin"): "dagster holds it below the version that has one",
    ("dagster-dbt", "3.14"): "asks for an older Python",
}
"""What is missing and why; the reason that `requires-python` ends below 3.14."""


def without_wheel(pins: list[str], python: str, system: str) -> list[str]:
    """Names of the pins that have no wheel; each try names one."""
    missing: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder, "pins.in")
        while True:
            listed.write_text("\n".join(pin for pin in pins if name_of(pin) not in missing), encoding="utf-8")
            command = ["uv", "pip", "compile", "--quiet", "--no-deps", "--no-config", "--only-binary", ":all:"]
            done = subprocess.run(
                [*command, "--python-version", python, "--python-platform", system, str(listed)],
                capture_output=True,
                text=True,
                check=False,
                env=os.environ | {"MACOSX_DEPLOYMENT_TARGET": OLDEST_MACOS},
            )
            if done.returncode == 0:
                return missing
            found = re.search(r"Because (\S+?)==\S+\s+has\s+no\s+(?:usable\s+)?wheels", done.stderr)
            if not found or found[1] in missing:
                sys.exit(f"{python} {system}: {done.stderr}")
            missing.append(found[1])


def refusing(python: str) -> list[str]:
    """Installed distributions whose metadata refuse a Python."""
    return [
        found.name
        for found in importlib.metadata.distributions()
        if (asked := found.metadata.get("Requires-Python"))
        and not SpecifierSet(asked).contains(f"{python}.0")
        and found.name != "incoherence-warehouse"
    ]


def name_of(pin: str) -> str:
    """A pin's name, as tools compare names."""
    return re.sub(r"[-_.]+", "-", pin.split("==")[0]).lower()


def main() -> int:
    """Check all and print one line for each Python and system."""
    pins = [line for line in CONSTRAINTS.read_text(encoding="utf-8").splitlines() if "==" in line and line[0] != "#"]
    status = 0
    for python in PYTHONS:
        found = {(name, python): "refuses it" for name in refusing(python)}
        for system in SYSTEMS:
            missing = without_wheel(pins, python, system)
            print(f"{python} {system}: {len(pins) - len(missing)} of {len(pins)} pins have a wheel", flush=True)
            found |= {(name, f"{python} {system}"): "no wheel" for name in missing}
        for (name, where), what in found.items():
            known = KNOWN.get((name, where)) or KNOWN.get((name, "any"))
            print(f"  {name}, {where}: {what}{f' ({known})' if known else ''}")
            status = status if known else 1
    return status


if __name__ == "__main__":
    sys.exit(main())
