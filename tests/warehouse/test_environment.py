"""One order of precedence: the environment, `.env` of the current folder, `.env` of the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ingestion.sampling.providers.base import Key
from ingestion.sampling.spec.providers import ProviderSpec
from warehouse import environment
from warehouse.layout import Layout


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The current folder and the project, each with a `.env` file."""
    here, project = tmp_path / "here", tmp_path / "project"
    for folder, lines in ((here, "WAREHOUSE_ROOT=data\n"), (project, "WAREHOUSE_ROOT=/nowhere\nOPENAI_API_KEY=two\n")):
        folder.mkdir()
        (folder / environment.FILE_NAME).write_text(f"# mine\n{lines}")
    monkeypatch.chdir(here)
    monkeypatch.setattr(environment, "PROJECT_ROOT", project)
    for name in ("WAREHOUSE_ROOT", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    return here, project


def test_the_environment_counts_first(folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREHOUSE_ROOT", "elsewhere")
    assert Layout.from_env().root == (folders[0] / "elsewhere").resolve()
    monkeypatch.setenv("OPENAI_API_KEY", "")
    assert environment.value("OPENAI_API_KEY") == "", "set to nothing is set"


def test_a_file_counts_where_the_environment_says_nothing(folders: tuple[Path, Path]) -> None:
    here, project = folders
    assert Layout.from_env().root == (here / "data").resolve(), "the current folder before the project"
    (here / environment.FILE_NAME).write_text("WAREHOUSE_ROOT='~/w'\n")
    assert Layout.from_env().root == Path("~/w").expanduser().resolve()
    (here / environment.FILE_NAME).unlink()
    (project / environment.FILE_NAME).write_text("WAREHOUSE_ROOT=data\n")
    assert Layout.from_env().root == (project / "data").resolve(), "relative to the file that sets it"
    (project / environment.FILE_NAME).unlink()
    assert environment.path("WAREHOUSE_ROOT") is None


@pytest.mark.parametrize("address", ["s3://bucket/warehouse", " gs://bucket", "az://container/x"])
def test_an_address_is_no_folder(folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("WAREHOUSE_ROOT", address)
    with pytest.raises(environment.NotAFolderError, match=rf"WAREHOUSE_ROOT is '{address.strip()}', .* local disk"):
        Layout.from_env()
    assert list(folders[0].iterdir()) == [folders[0] / environment.FILE_NAME], "nothing was made"


@pytest.mark.parametrize("root", ["s3://bucket/warehouse", "gs://bucket", "/here/az:/container"])
def test_an_address_that_was_taken_for_a_path_is_no_folder(root: str) -> None:
    """So no call of the library, nor the root of another warehouse, is a folder named `s3:`."""
    with pytest.raises(
        environment.NotAFolderError, match=r"no folder of this machine: .* \(RAW_ROOT=s3://bucket/prefix\)"
    ):
        Layout(Path(root))
    with pytest.raises(environment.NotAFolderError) as refused:
        Layout(Path("s3://user:hunter2@bucket/x?sig=hunter2"))
    assert "hunter2" not in str(refused.value)
    assert Layout(Path("/mnt/s3/gs:kept/w")).root.name == "w"


def test_the_sampler_finds_a_key_there(folders: tuple[Path, Path]) -> None:
    assert Key(ProviderSpec(kind="openai")).reveal() == "two"


def test_another_process_is_given_all_of_it_and_this_one_nothing(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "one")
    before = dict(os.environ)
    given = environment.complete()
    assert (given["OPENAI_API_KEY"], given["WAREHOUSE_ROOT"]) == ("one", "data")
    assert dict(os.environ) == before
