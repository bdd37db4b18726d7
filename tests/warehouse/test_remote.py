"""Raw data in an object store, over HTTP to an S3 server on this machine."""

from __future__ import annotations

import logging
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import obstore
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from dagster_project.cli import app
from ingestion.sampling import SamplingError, load_spec, sample
from tests.s3 import BUCKET, SECRET, s3_server
from warehouse import transform
from warehouse.layout import PROJECT_ROOT, Layout
from warehouse.parquet import write_partition
from warehouse.remote import store as remote_store
from warehouse.remote.fetch import fetch
from warehouse.remote.published import SUCCESS, push_published
from warehouse.remote.push import push
from warehouse.remote.record import known
from warehouse.remote.store import Remote, RemoteError, Store, checked, sha256_of
from warehouse.status import describe, look

OLD = PROJECT_ROOT / "tests" / "fixtures" / "warehouse_0_1_0"


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with s3_server() as url:
        yield url


@pytest.fixture
def address(server: str, request: pytest.FixtureRequest) -> str:
    return f"s3://{BUCKET}/{request.node.name}"


@pytest.fixture
def one(tmp_path: Path) -> Layout:
    """A warehouse with samples, logs, names with percent signs, and what a killed import left behind."""
    layout = Layout(tmp_path / "one")
    shutil.copytree(OLD, layout.root)
    write_partition(layout, "models", [model("n") | {"import_id": "0" * 16}], file_stem="0" * 16)
    return layout


@pytest.fixture
def other(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "other")


def files(layout: Layout) -> dict[str, bytes]:
    """Raw files with rows, by path, with their content."""
    found = {layout.path_of(path): path.read_bytes() for path in layout.raw.rglob("*") if path.is_file()}
    return {path: told for path, told in found.items() if not path.endswith(("_empty.parquet", f"{'0' * 16}.parquet"))}


def drawn(layout: Layout) -> Path:
    """Samples that were drawn, rather than imported."""
    return next(layout.raw_table("samples").rglob("sampler.parquet"))


def without_a_row(file: Path) -> None:
    pq.write_table(pq.read_table(file, partitioning=None).slice(1), file)


def test_what_is_pushed_arrives_byte_for_byte_and_once(one: Layout, other: Layout, address: str) -> None:
    pushed = push(one, address)
    assert (pushed.n_files, pushed.n_there) == (len(files(one)), 0) and pushed.n_bytes > 0
    assert any("%" in path for path in files(one))
    fetched = fetch(other, address)
    assert files(other) == files(one)
    assert str(fetched).startswith(f"raw files: {pushed.n_files} (") and str(fetched).endswith(f"from {address}")
    assert str(fetch(other, address)) == "" == str(fetch(one, address))
    again = push(one, address)
    assert (again.n_files, again.n_there) == (0, pushed.n_files)
    other.remote_record.unlink()  # without it, contents are compared
    assert push(other, address).n_there == pushed.n_files and known(other, address).keys() == files(one).keys()
    assert fetch(other, address).n_files == 0


def test_other_rows_are_named_and_never_written_over(one: Layout, other: Layout, address: str) -> None:
    push(one, address)
    there = Store(address).listed("raw")
    shutil.copytree(one.raw, other.raw)
    without_a_row(drawn(other))
    write_partition(other, "models", [model("new")], file_stem="sampler-new")
    path = other.path_of(drawn(other))
    for replace in (False, True):
        with pytest.raises(
            RemoteError, match=rf"1 raw files are there with other rows: {path}\. .* Nothing was pushed"
        ):
            push(other, address, replace=replace)
    with pytest.raises(
        RemoteError, match=rf"1 raw files are here too, with other rows: {path}\. .* Nothing was fetched"
    ):
        fetch(other, address)
    assert Store(address).listed("raw") == there


def model(name: str, day: int = 1) -> dict[str, object]:
    from datetime import UTC, datetime

    when = datetime(2026, 1, day, tzinfo=UTC)
    return {"model_id": name, "provider": "p", "source": "sampler", "ingested_at": when, "is_simulated": False}


def test_rows_that_differ_in_where_they_come_from_are_the_same(one: Layout, other: Layout, address: str) -> None:
    for layout, day in ((one, 1), (other, 2)):
        write_partition(layout, "models", [model("shared", day)], file_stem="sampler-shared")
    push(one, address)
    assert push(other, address).n_there == 1
    fetch(other, address)
    assert files(other) == files(one), "what is there counts"


def test_what_was_written_anew_here_goes_there_when_asked_to(one: Layout, other: Layout, address: str) -> None:
    write_partition(one, "models", [model("gone")], file_stem="sampler-gone")
    push(one, address)
    fetch(other, address)
    (one.raw_table("models") / "sampler-gone.parquet").unlink()
    write_partition(one, "models", [model("m") | {"provider": "another"}], file_stem="sampler-m")
    push(one, address)
    write_partition(one, "models", [model("m") | {"provider": "corrected"}], file_stem="sampler-m")
    before = files(one)
    assert "2 were written or removed here since" in str(fetch(one, address)) and files(one) == before
    with pytest.raises(
        RemoteError, match=r"as they were here before: raw/models/sampler-m.parquet\. `incoherence push"
    ):
        push(one, address)
    pushed = push(one, address, replace=True)
    assert pushed.replaced == ("raw/models/sampler-m.parquet",) and pushed.deleted == (
        "raw/models/sampler-gone.parquet",
    )
    told = str(fetch(other, address))
    assert files(other) == before
    assert "set aside in withdrawn/: raw/models/sampler-gone.parquet" in told
    assert (other.withdrawn / "raw" / "models" / "sampler-gone.parquet").is_file()


def test_a_build_fetches_first_and_builds_what_came(
    one: Layout, other: Layout, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The builds themselves: tests/spark holds every table of fetched data to those of the same data here."""
    asked: list[Sequence[str]] = []

    def run_dbt(layout: Layout, arguments: Sequence[str], **_: Any) -> None:
        asked.append(arguments)
        assert files(layout) == files(one)
        layout.build_database.touch()

    monkeypatch.setattr(transform, "run_dbt", run_dbt)
    monkeypatch.setattr(transform, "_results", lambda _: [])
    monkeypatch.setattr(transform, "remember", lambda *_: None)
    monkeypatch.setattr(transform, "last_built", lambda _: None)
    push(one, address)
    monkeypatch.setenv("RAW_ROOT", f" {address}/ ")
    assert transform.build(other).why.endswith(f" MB) came from {address}; everything was built: nothing was before")
    told: list[str] = []
    write_partition(one, "models", [model("later")], file_stem="sampler-later")
    push(one, address)
    with transform.building(other, is_whole=True, tell=told.append):
        assert files(other) == files(one)
    assert told == [f"raw files: 1 (0.0 MB) came from {address}"]
    monkeypatch.setenv("RAW_ROOT", "")
    assert transform.fetch_raw(other) == ""
    monkeypatch.setenv("RAW_ROOT", "s3://nowhere")
    transform.build(other, fetches=False)
    with pytest.raises(RemoteError, match=r"^s3://nowhere: could not list: NoSuchBucket"):
        transform.build(other)
    assert len(asked) == 2


def test_samples_that_another_machine_drew_are_not_written_over(one: Layout, other: Layout, address: str) -> None:
    push(one, address)
    fetch(other, address)
    without_a_row(drawn(other))
    with pytest.raises(RemoteError, match="there with other rows"):
        push(other, address, replace=True)


def test_of_two_that_push_at_the_same_moment_one_is_told(
    one: Layout, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether there was none when it looked, or the one that it may write over."""
    path, upload = "raw/models/sampler-m.parquet", Store.upload

    def late(self: Store, file: Path, to: str, sha256: str, *, over: Remote | None = None) -> Remote:
        put(address, path, b"of another")
        return upload(self, file, to, sha256, over=over)

    for provider in ("p", "q"):
        write_partition(one, "models", [model("m") | {"provider": provider}], file_stem="sampler-m")
        with monkeypatch.context() as patch:
            patch.setattr(Store, "upload", late)
            with pytest.raises(RemoteError, match=f"{path}: another push has just put it there"):
                push(one, address, replace=True)
        with pytest.raises(RemoteError, match=rf"there with other rows: {path}\."):
            push(one, address, replace=True)
        Store(address).delete(path)
        push(one, address)
    file = one.raw_file("models", "sampler-broken")
    file.write_bytes(b"no Parquet")
    with pytest.raises(RemoteError, match=rf"{file}: this is no Parquet file\. Nothing was pushed"):
        push(one, address)


def test_samples_that_another_machine_drew_are_not_paid_for_again(one: Layout, other: Layout, address: str) -> None:
    push(one, address)
    fetch(other, address)
    before = files(other)
    spec = load_spec(one.experiment("small.yaml"))
    with pytest.raises(
        SamplingError, match=rf"drawn on another machine, and fetched from {address}; go on there, or bring"
    ):
        sample(spec, other)
    assert files(other) == before


def test_a_prefix_without_files_withdraws_none(one: Layout, other: Layout, address: str) -> None:
    push(one, address)
    fetch(other, address)
    for path in Store(address).listed("raw"):
        Store(address).delete(path)
    before = files(other)
    with pytest.raises(RemoteError, match=r"holds no raw files, and \d+ had come from there; is RAW_ROOT right\?"):
        fetch(other, address)
    assert files(other) == before


def test_an_interrupted_push_goes_on(one: Layout, other: Layout, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = Store.upload
    went: list[str] = []

    def fail(self: Store, file: Path, path: str, sha256: str, *, over: Remote | None = None) -> Remote:
        if len(went) == 3:
            raise RemoteError("the network is gone")
        went.append(path)
        return upload(self, file, path, sha256, over=over)

    with monkeypatch.context() as patch:
        patch.setattr(Store, "upload", fail)
        with pytest.raises(RemoteError, match="the network is gone"):
            push(one, address)
    there = Store(address).listed("raw")
    assert len(there) == 3 and not any(path.startswith("raw/imports/") for path in there), "they make the others count"
    assert push(one, address).n_there == 3
    fetch(other, address)
    assert files(other) == files(one)


KILLED_WHILE_FETCHING = """
import os, signal, sys
from pathlib import Path
from warehouse.layout import Layout
from warehouse.remote import fetch
from warehouse.remote.store import Store

download, done = Store.download, []

def killed(self, path, to):
    if len(done) == 3:
        to.write_bytes(b"half a file")
        os.kill(os.getpid(), signal.SIGKILL)
    done.append(path)
    return download(self, path, to)

Store.download, fetch.AT_ONCE = killed, 1
fetch.fetch(Layout(Path(sys.argv[1])), sys.argv[2])
"""


def test_a_fetch_that_is_killed_leaves_nothing_half_and_is_not_begun_anew(
    one: Layout, other: Layout, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    push(one, address)
    command = [sys.executable, "-c", KILLED_WHILE_FETCHING, str(other.root), address]
    assert subprocess.run(command, cwd=PROJECT_ROOT, check=False).returncode == -signal.SIGKILL
    assert not other.raw.exists() and not other.remote_record.exists()
    assert [path.read_bytes() for path in other.fetching.glob(".*")] == [b"half a file"]

    came: list[str] = []
    download = Store.download

    def counted(self: Store, path: str, to: Path) -> str:
        came.append(path)
        return download(self, path, to)

    monkeypatch.setattr(Store, "download", counted)
    monkeypatch.setenv("RAW_ROOT", address)
    assert f"from {address}" in transform.fetch_raw(other)
    assert len(came) == len(files(one)) - 3 and files(other) == files(one)
    assert not other.fetching.exists()


def test_what_arrives_is_what_was_pushed(one: Layout, other: Layout, address: str) -> None:
    """An object whose content is not what its hash says; and one that holds no Parquet, or of no such table."""
    push(one, address)
    path = one.path_of(drawn(one))
    content = drawn(one).read_bytes()
    put(address, path, content[:-1] + b"x", sha256_of(drawn(one)))
    with pytest.raises(RemoteError, match=rf"{path}: what arrived is not what was pushed \(its hash differs\)"):
        fetch(other, address)
    put(address, path, b"no Parquet")
    with pytest.raises(RemoteError, match=rf"{path}: this is no Parquet file"):
        fetch(other, address)
    assert not other.raw.exists()
    put(address, path, content)
    put(address, "raw/of_another_version/x.parquet", content)
    fetch(other, address)
    assert files(other) == files(one)


def put(address: str, path: str, content: bytes, sha256: str | None = None) -> None:
    """As another tool would, or a faulty network."""
    obstore.put(Store(address)._store, path, content, attributes={"sha256": sha256} if sha256 else {})


def test_published_files_belong_together(one: Layout, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RemoteError, match="nothing is published yet"):
        push_published(one, address)
    table, page = one.exported_parquet("marts", "t"), one.exported_csv("t")
    for file in (one.published_database, table, page):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(file.name)
    assert push_published(one, address) == 3 and push_published(one, address) == 0
    told = Store(address).listed("published")
    assert set(told) == {SUCCESS, *(one.path_of(file) for file in (one.published_database, table, page))}

    page.unlink()
    table.write_text("another")
    with monkeypatch.context() as patch:
        patch.setattr(Store, "upload", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            push_published(one, address)
    assert SUCCESS not in Store(address).listed("published"), "half of a publish says so"
    assert push_published(one, address) == 1
    assert set(Store(address).listed("published")) == set(told) - {one.path_of(page)}


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("/mnt/raw", "begins with no scheme; it takes s3://bucket/prefix"),
        ("https://bucket.s3.amazonaws.com/x", "begins with https://; it takes"),
        ("s3:///x", "names no bucket"),
        (f"s3://AKIA:{SECRET}@bucket/x", r"holds a user.* \(AWS_…\) or its profile"),
        (f"az://container/x?sig={SECRET}", r"a query .*variables \(AZURE_…\)"),
    ],
)
def test_an_address_is_of_a_bucket_and_holds_no_credential(wrong: str, why: str) -> None:
    with pytest.raises(RemoteError, match=f"^RAW_ROOT .*{why}") as refused:
        checked("RAW_ROOT", wrong)
    assert SECRET not in str(refused.value)
    assert checked("RAW_ROOT", "abfss://container@account.dfs.core.windows.net/x/").endswith("/x")


def test_refusals_are_told_without_a_credential(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RemoteError, match=r"^s3://nowhere/x: could not list: NoSuchBucket: The specified bucket"):
        Store("s3://nowhere/x").listed("raw")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://user:{SECRET}@127.0.0.1:1/?sig={SECRET}")
    monkeypatch.setattr(remote_store, "RETRIES", 0)
    with pytest.raises(RemoteError, match=f"^{address}: could not list: ") as refused:
        Store(address).listed("raw")
    assert SECRET not in str(refused.value) and refused.value.__cause__ is None


def test_keys_of_a_profile_need_boto3(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    profile = tmp_path / "credentials"
    profile.write_text(f"[lab]\naws_access_key_id = testing\naws_secret_access_key = {SECRET}\n")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(profile))
    monkeypatch.setenv("AWS_PROFILE", "lab")
    assert Store(address).listed("raw") == {}
    monkeypatch.setenv("AWS_PROFILE", "another")
    with pytest.raises(RemoteError, match="AWS profile 'another'"):
        Store(address)
    monkeypatch.setitem(sys.modules, "boto3", None)
    with pytest.raises(RemoteError, match=r"pip install 'incoherence-warehouse\[s3\]'"):
        Store(address)


def test_the_command(one: Layout, other: Layout, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*arguments: str, **environment: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["push", *arguments], env={"WAREHOUSE_ROOT": str(one.root)} | environment)
        return result.exit_code, result.output

    assert run()[0] == 2
    monkeypatch.setenv("RAW_ROOT", address)
    assert f"raw data besides: {address}\n  {len(files(one))} raw files here are not there" in describe(one)
    code, told = run(RAW_ROOT=address)
    assert code == 0 and f"pushed to {address}; 0 were there" in told
    assert f"raw data besides: {address}\n\n" in describe(one) and look(one).n_not_pushed == 0
    code, told = run(address, "--replace")
    assert code == 0 and told.startswith("raw files: 0 (0.0 MB) pushed")
    assert known(one, address) and SECRET not in one.remote_record.read_text()
