"""The dashboard in a real Superset, started as the page says, asked through its API: `make test-superset`."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from ingestion.analysis import analyze
from tests.dbt.conftest import agree
from tests.dbt.test_analysts_tables import DASHBOARD
from warehouse.connect import connect
from warehouse.layout import PROJECT_ROOT

HOME = PROJECT_ROOT / ".superset"

pytestmark = pytest.mark.skipif(
    not (HOME / "installed.txt").exists(), reason="Superset is not installed here: make test-superset"
)


@dataclass(frozen=True)
class Served:
    """Superset with the dashboard of a warehouse, and somebody logged in.

    Attributes:
        published: the warehouse's published file.
        address: of the server.
        session: with the token of `admin`.
        password: what was printed for `admin`.
    """

    published: Path
    address: str
    session: requests.Session
    password: str

    def get(self, path: str, **parameters: str) -> Any:
        answer = self.session.get(f"{self.address}/api/v1/{path}", params=parameters, timeout=120)
        assert answer.status_code == 200, answer.text[:1000]
        return answer.json()["result"]


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    root = tmp_path_factory.mktemp("logs")
    logs = sorted((PROJECT_ROOT / "ingestion" / "logs" / "demo").glob("*.eval"))
    analyze(*logs, root=root)
    published = root / "published" / "warehouse.duckdb"
    port = free_port()
    command = [sys.executable, str(DASHBOARD / "start.py"), str(published), "--home", str(HOME), "--port", str(port)]
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment, start_new_session=True) as start:
        assert start.stdout is not None
        told = next((line for line in iter(start.stdout.readline, "") if "password: " in line), "")
        found = re.search(r"password: (\S+)", told)
        assert found, "it ended before it served"
        try:
            yield logged_in(published, f"http://127.0.0.1:{port}", found[1])
        finally:
            os.killpg(start.pid, signal.SIGINT)


def logged_in(published: Path, address: str, password: str) -> Served:
    deadline = time.monotonic() + 180
    while True:
        try:
            requests.get(f"{address}/health", timeout=5)
            break
        except requests.ConnectionError:
            assert time.monotonic() < deadline, "Superset does not answer"
            time.sleep(1)
    session = requests.Session()
    who = {"username": "admin", "password": password, "provider": "db"}
    answer = session.post(f"{address}/api/v1/security/login", json=who, timeout=120)
    assert answer.status_code == 200, answer.text[:1000]
    session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    return Served(published, address, session, password)


def test_every_chart_of_the_dashboard_has_data(served: Served) -> None:
    charts = served.get("dashboard/incoherence/charts")
    assert len(charts) == len(list((DASHBOARD / "export" / "charts").iterdir()))
    for chart in charts:
        (result,) = served.get(f"chart/{chart['id']}/data/")
        assert result["status"] == "success" and result["error"] is None, chart["slice_name"]
        assert result["rowcount"] > 0, chart["slice_name"]


def test_its_incoherence_is_the_warehouses(served: Served) -> None:
    (table,) = [
        chart
        for chart in served.get("dashboard/incoherence/charts")
        if chart["slice_name"] == "Incoherence by model and condition"
    ]
    (result,) = served.get(f"chart/{table['id']}/data/")
    keys = ("task", "model_id", "condition_label", "decomposition")
    found = {tuple(row[key] for key in keys): row["incoherence"] for row in result["data"]}
    with connect(served.published) as con:
        pooled = con.execute(
            f"select {', '.join(keys)}, incoherence_unbiased from marts.fct_incoherence "
            "join marts.dim_condition using (condition_id) where is_main_decomposition and decomposition <> 'embedding'"
        ).fetchall()
    assert found.keys() == {tuple(row[:4]) for row in pooled}
    for *key, expected in pooled:
        assert agree(found[tuple(key)], expected), key


def test_it_cannot_write_to_the_warehouse_and_nothing_secret_is_kept(served: Served) -> None:
    (database,) = served.get("database/")
    headers = {"X-CSRFToken": served.get("security/csrf_token/"), "Referer": served.address}
    asked = {"database_id": database["id"], "sql": "create table marts.mine (a integer)"}
    answer = served.session.post(f"{served.address}/api/v1/sqllab/execute/", json=asked, headers=headers, timeout=120)
    assert answer.status_code >= 400 and "CSRF" not in answer.text, answer.text[:500]
    assert served.password not in (HOME / "superset.log").read_text(encoding="utf-8")
