"""`python -P -m dagster_project.ui.child MODULE ARGUMENT…`: run a module, and end when whoever started it ends.

That process holds the other end of standard input and never writes to it: a read returns only when it is gone, however
it went.
"""

from __future__ import annotations

import runpy
import sys

from warehouse.lifeline import end_with_standard_input


def main() -> None:
    """Run the module of the command line as its own main program."""
    end_with_standard_input()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
