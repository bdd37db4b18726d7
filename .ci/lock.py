"""Write `requirements.txt`, `requirements-dev.txt` and `requirements-spark.txt`: pins of `constraints.txt` with hashes.

Needs uv:

    uvx python .ci/lock.py        (or any Python that has uv)

To change a version, change it in `constraints.txt` and run this. The files hold for every Python and system that the
README names; pip installs from them with `--require-hashes`. PyTorch is not in them: it is one version in several
builds (CPU, CUDA), which lie in different places and have different hashes; its pin in `constraints.txt` installs it.
The optional embeddings build on it, and are installed by their pins too.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ELSEWHERE = ("sys_platform == 'win32'", "sys_platform == 'emscripten'")

WITHOUT_CUDA = """\
[[dependency-metadata]]
name = "torch"
requires-dist = [
    "filelock", "fsspec>=0.8.5", "jinja2", "networkx>=2.5.1", "setuptools>=77.0.3", "sympy>=1.13.3",
    "typing-extensions>=4.10.0",
]
"""
"""What every build of PyTorch needs; those for CUDA need its libraries too, and pip installs them with it."""


def locked(*extras: str) -> dict[str, str]:
    """Name → its lines, for the project with some of its extras."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder, "uv.toml")
        settings.write_text(WITHOUT_CUDA, encoding="utf-8")
        command = ["uv", "pip", "compile", "pyproject.toml", "--universal", "--python-version", "3.11"]
        command += ["--generate-hashes", "--quiet", "--no-header", "--no-annotate", "--config-file", str(settings)]
        command += ["--constraints", "constraints.txt", "--no-emit-package", "torch"]
        for extra in extras:
            command += ["--extra", extra]
        text = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    blocks = re.findall(r"^\S.*\n(?:    .*\n?)*", text, re.MULTILINE)
    return {block.split("==")[0]: block for block in blocks if not any(place in block for place in ELSEWHERE)}


def main() -> None:
    """Write the files; what the product needs is not repeated in the others."""
    product = locked()
    tools = {name: block for name, block in locked("dev").items() if name not in product}
    spark = {name: block for name, block in locked("spark").items() if name not in product}
    made = "# Made by .ci/lock.py from constraints.txt. Do not edit.\n"
    (ROOT / "requirements.txt").write_text(made + "".join(product.values()), encoding="utf-8")
    (ROOT / "requirements-dev.txt").write_text(made + "".join(tools.values()), encoding="utf-8")
    (ROOT / "requirements-spark.txt").write_text(made + "".join(spark.values()), encoding="utf-8")


if __name__ == "__main__":
    main()
