"""Settings and keys: from the environment, else from a `.env` file in the current folder, else from the checkout's.

The one place that reads `.env`. It changes nothing in this process: two warehouses may live in one.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from warehouse.installation import IS_CHECKOUT, PROJECT_ROOT

FILE_NAME = ".env"


WHAT_WORKS = (
    "no folder of this machine: a warehouse is written to a local disk or a mounted volume. Its raw data may lie in an "
    "object store besides (RAW_ROOT=s3://bucket/prefix), and `incoherence push --published` copies what is published "
    "there"
)

_ADDRESS = re.compile(r"(^|/)(s3a?|gs|gcs|az|azure|adl|abfss?|wasbs?|r2|hdfs|https?|file):(/|$)")
"""As it looks once it has been taken for a path, which has no two slashes in a row."""


class NotAFolderError(ValueError):
    """A variable holds an address where a folder of this machine is needed."""


def value(name: str) -> str:
    """The value of a variable, without blanks around it; empty if nothing sets it.

    What the environment sets counts, even if it sets it to nothing.

    Raises:
        OSError: if a `.env` file is there and cannot be read.
    """
    return _find(name)[0].strip()


def path(name: str) -> Path | None:
    """The absolute path that a variable holds; a relative one starts where the variable is set: at the `.env` file's
    folder, or at the current folder.

    Raises:
        NotAFolderError: if it holds an address, such as `s3://bucket`: read as a path, it would be a new, empty folder.
        OSError: if a `.env` file is there and cannot be read.
    """
    found, folder = _find(name)
    if "://" in found:
        raise NotAFolderError(f"{name} is {_shown(found.strip())!r}, which is {WHAT_WORKS}")
    return (folder / Path(found.strip()).expanduser()).resolve() if found.strip() else None


def check_folder(path: Path) -> None:
    """Raise unless a path names a folder, rather than an address that was taken for a path.

    Raises:
        NotAFolderError: if it does not.
    """
    if _ADDRESS.search(str(path)):
        raise NotAFolderError(f"{_shown(str(path))}: an address is {WHAT_WORKS}")


def _shown(address: str) -> str:
    """Without what may be a password or a key."""
    return re.sub(r"(:/+)[^/]*@|[?#].*", r"\1…", address)


def complete() -> dict[str, str]:
    """The environment with what `.env` files add to it, for a process that is started.

    Raises:
        OSError: if a `.env` file is there and cannot be read.
    """
    found: dict[str, str] = {}
    for folder in reversed(_folders()):
        found |= _read(folder)
    return found | os.environ


def _find(name: str) -> tuple[str, Path]:
    if name in os.environ:
        return os.environ[name], Path.cwd()
    for folder in _folders():
        if name in (there := _read(folder)):
            return there[name], folder
    return "", Path.cwd()


def _folders() -> list[Path]:
    """Where `.env` files are looked for; the first that sets a variable counts."""
    return list(dict.fromkeys((Path.cwd(), PROJECT_ROOT) if IS_CHECKOUT else (Path.cwd(),)))


def _read(folder: Path) -> dict[str, str]:
    file = folder / FILE_NAME
    if not file.is_file():
        return {}
    from dotenv import dotenv_values

    with file.open(encoding="utf-8") as stream:
        return {name: text for name, text in dotenv_values(stream=stream).items() if text is not None}
