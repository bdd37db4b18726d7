"""A dashboard of the warehouse in Apache Superset, on this machine: `python start.py PUBLISHED.duckdb`.

The first start installs Superset into an environment of its own (some minutes, 2 GB) and makes its database; every
start imports the dashboard of `export/` anew, sets a new password, prints it, and serves until it is interrupted.
Nothing but Python's own library is needed, 3.10 to 3.12.
"""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
import sys
import venv
import zipfile
from pathlib import Path
from urllib.parse import quote

HERE = Path(__file__).resolve().parent


def main() -> int:
    """Install what is missing, import, serve."""
    asked = _asked()
    home: Path = asked.home.resolve()
    home.mkdir(parents=True, exist_ok=True)
    superset = Superset(home)
    superset.install()
    if asked.install_only:
        return 0
    password = secrets.token_urlsafe(12)
    superset.prepare(password)
    superset.import_dashboard(asked.warehouse.resolve())
    print(
        f"http://127.0.0.1:{asked.port}/superset/dashboard/incoherence/  user: admin  password: {password}", flush=True
    )
    try:
        return superset.serve(asked.port)
    except KeyboardInterrupt:
        return 0


def _asked() -> argparse.Namespace:
    root = os.environ.get("WAREHOUSE_ROOT")
    published = Path(root, "published", "warehouse.duckdb") if root else None
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "warehouse", type=Path, nargs="?", default=published, help="published/warehouse.duckdb of a warehouse"
    )
    parser.add_argument("--home", type=Path, default=Path("superset"), help="where Superset and its database are kept")
    parser.add_argument("--port", type=int, default=8088)
    parser.add_argument("--install-only", action="store_true", help="start nothing")
    asked = parser.parse_args()
    if not asked.install_only and (asked.warehouse is None or not asked.warehouse.is_file()):
        parser.error(
            f"{asked.warehouse or 'no warehouse named'}: name the file published/warehouse.duckdb of a warehouse"
        )
    if not (3, 10) <= sys.version_info < (3, 13):
        parser.error(f"Superset runs on Python 3.10 to 3.12, this is {sys.version.split()[0]}: start it with another")
    return asked


class Superset:
    """Superset in a folder of its own: environment, database, log.

    The key that signs sessions is made anew at each start and kept nowhere: who was logged in logs in again.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._bin = home / "environment" / ("Scripts" if os.name == "nt" else "bin")
        self._environment = os.environ | {
            "SUPERSET_HOME": str(home),
            "SUPERSET_CONFIG_PATH": str(HERE / "superset_config.py"),
            "SUPERSET_SECRET_KEY": secrets.token_urlsafe(42),
            "FLASK_APP": "superset",
            "SCARF_ANALYTICS": "false",
        }

    def install(self) -> None:
        """Superset as `requirements.txt` has it, unless it is there."""
        wanted = (HERE / "requirements.txt").read_bytes()
        installed = self._home / "installed.txt"
        if installed.exists() and installed.read_bytes() == wanted:
            return
        print("Installing Superset (some minutes)", flush=True)
        venv.create(self._bin.parent, with_pip=True, clear=True)
        pip = [str(self._bin / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--requirement", str(HERE / "requirements.txt")], check=True)
        installed.write_bytes(wanted)

    def prepare(self, password: str) -> None:
        """Make the database, or bring it up to date, and give `admin` a password."""
        print("Preparing Superset's database", flush=True)
        self._call("db", "upgrade")
        self._call("init")
        names = ("--username", "admin", "--firstname", "admin", "--lastname", "admin", "--email", "admin@localhost")
        # In the environment: command lines are there for every user of the machine to read.
        self._call("fab", "create-admin", *names, FLASK_FAB_CREATE_ADMIN_PASSWORD=password)  # unless it is there
        self._call("fab", "reset-password", "--username", "admin", FLASK_FAB_RESET_PASSWORD_PASSWORD=password)

    def import_dashboard(self, warehouse: Path) -> None:
        """The files of `export/`, with the path of the warehouse in them."""
        bundle = self._home / "dashboard.zip"
        with zipfile.ZipFile(bundle, "w") as file:
            for path in sorted((HERE / "export").rglob("*.yaml")):
                text = path.read_text(encoding="utf-8").replace("///WAREHOUSE", f"///{quote(str(warehouse))}")
                file.writestr(f"export/{path.relative_to(HERE / 'export').as_posix()}", text)
        self._call("import-dashboards", "--path", str(bundle), "--username", "admin")

    def serve(self, port: int) -> int:
        """Serve to this machine alone, until interrupted; the exit status."""
        serve = [str(self._bin / "superset"), "run", "--host", "127.0.0.1", "--port", str(port), "--with-threads"]
        with (self._home / "superset.log").open("ab") as log:
            return subprocess.run(serve, env=self._environment, stdout=log, stderr=log, check=False).returncode

    def _call(self, *command: str, **variables: str) -> None:
        done = subprocess.run(
            [self._bin / "superset", *command],
            env=self._environment | variables,
            capture_output=True,
            text=True,
            check=False,
        )
        with (self._home / "superset.log").open("a", encoding="utf-8") as log:
            log.write(done.stdout + done.stderr)
        if done.returncode:
            told = f"superset {command[0]} ended with {done.returncode}; see {self._home / 'superset.log'}"
            sys.exit("\n".join([told, *done.stderr.strip().splitlines()[-1:]]))


if __name__ == "__main__":
    sys.exit(main())
