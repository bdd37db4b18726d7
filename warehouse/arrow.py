"""Arrow without what it loads and does not use here."""

from __future__ import annotations

import sys

import pyarrow as pa


class _NoPandas:
    @staticmethod
    def find_spec(name: str, *_: object) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(name)


def leave_out_pandas() -> None:
    """Keep Arrow from loading pandas, where it is installed, at the first conversion: 40 MiB and up to a second.

    Arrow looks for it once, finds none, and goes without; `to_pandas` looks again. To be called while no other thread
    could be importing pandas.
    """
    if "pandas" in sys.modules:
        return
    finder = _NoPandas()
    sys.meta_path.insert(0, finder)
    try:
        pa.array([0])
    finally:
        sys.meta_path.remove(finder)
