"""One object store behind an address: S3, Google Cloud Storage or Azure, through obstore.

What belongs here: which addresses are taken, where credentials come from, and what a provider's refusal is in a
sentence. What does not: which files go where (`warehouse.remote.fetch`, `push`).
"""

from __future__ import annotations

import hashlib
import mmap
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from warehouse import environment

if TYPE_CHECKING:
    from obstore.store import ObjectStore

SCHEMES = {"s3": "AWS_", "gs": "GOOGLE_", "az": "AZURE_", "abfss": "AZURE_"}
"""What an address begins with, and the names of the variables in which the provider's settings are."""

LARGEST_PUT = 5 * 1024**3
"""Bytes that S3 takes in one request. One request appears whole or not at all, and leaves no parts behind."""

RETRIES = 4
"""Of a request that the network, or a busy store, has failed."""

SHA256 = "sha256"
"""Name under which an object carries the hash of its content, in its metadata."""

_TOLD_BY_SERVER = re.compile(r"<Code>(.*?)</Code>(?:\s*<Message>(.*?)</Message>)?", re.DOTALL)
_URL = re.compile(r"https?://\S+")


class RemoteError(RuntimeError):
    """Remote storage cannot be used as asked; the message says what to do. It holds no credential."""


@dataclass(frozen=True)
class Remote:
    """An object as the store lists it.

    Attributes:
        size: bytes.
        e_tag: the store's name for this content; another content has another.
    """

    size: int
    e_tag: str | None

    @classmethod
    def of(cls, size: int, e_tag: str | None) -> Remote:
        """As a store says it: some quote the e_tag in one answer and not in another."""
        return cls(size, e_tag and e_tag.strip('"'))


def checked(name: str, address: str) -> str:
    """An address of a bucket and a prefix, without a slash at its end.

    Args:
        name: what holds the address, for messages: "RAW_ROOT".
        address: such as `s3://bucket/prefix`.

    Raises:
        RemoteError: if it is of another kind, or holds credentials; they are not repeated.
    """
    parts = urlsplit(address)
    takes = "; it takes s3://bucket/prefix, gs://bucket/prefix, az://container/prefix or abfss://container@account…"
    if parts.scheme not in SCHEMES:
        raise RemoteError(f"{name} begins with {f'{parts.scheme}://' if parts.scheme else 'no scheme'}{takes}")
    has_user = parts.username is not None and parts.scheme != "abfss"
    if has_user or parts.password is not None or parts.query or parts.fragment:
        raise RemoteError(
            f"{name} holds a user, a password, a query or a fragment{takes}. Credentials come from the provider's own "
            f"variables ({SCHEMES[parts.scheme]}…) or its profile, never from the address"
        )
    if not parts.hostname:
        raise RemoteError(f"{name} names no bucket{takes}")
    return address.rstrip("/")


class Store:
    """The objects below an address, by their path in it."""

    def __init__(self, address: str) -> None:
        """Open an address that `checked` has taken. Nothing is asked of the network yet."""
        self.address = address
        self._store = _open(address)

    def listed(self, prefix: str) -> dict[str, Remote]:
        """Every object below a folder.

        Raises:
            RemoteError: if the store does not say.
        """
        import obstore

        with self._told("list"):
            return {
                item["path"]: Remote.of(item["size"], item["e_tag"])
                for batch in obstore.list(self._store, prefix, chunk_size=1000)
                for item in batch
            }

    def hash_of(self, path: str) -> str | None:
        """The hash of an object's content as whoever pushed it wrote it; None where another tool put it there."""
        import obstore

        with self._told(f"read {path}"):
            return obstore.get(self._store, path, options={"head": True}).attributes.get(SHA256)

    def download(self, path: str, to: Path) -> str:
        """Write an object to a file, hold it against its size and its hash, and return its SHA-256.

        Objects that another tool put there carry no hash; of those the size is all that can be held against them.

        Raises:
            RemoteError: if what arrived is not what was pushed.
        """
        import obstore

        sha256, size = hashlib.sha256(), 0
        with self._told(f"read {path}"), to.open("wb") as file:
            got = obstore.get(self._store, path)
            for chunk in got.stream(min_chunk_size=8 * 1024**2):
                file.write(chunk)
                sha256.update(chunk)
                size += len(chunk)
        if size != got.meta["size"] or got.attributes.get(SHA256) not in (None, sha256.hexdigest()):
            raise RemoteError(
                f"{self.address}/{path}: what arrived is not what was pushed (its hash differs); run this again, and "
                "if it stays so, remove the object and push it again"
            )
        return sha256.hexdigest()

    def upload(self, file: Path, path: str, sha256: str, *, over: Remote | Literal["anything"] | None = None) -> Remote:
        """Put a file there in one request, with its hash.

        Args:
            file: of this machine.
            path: of the object.
            sha256: of the file's content.
            over: the object that is replaced, and no other; by default there must be none.

        Returns:
            The new object.

        Raises:
            FileExistsError: if another object is there.
            RemoteError: if the store does not take it, or the file is larger than one request.
        """
        import obstore
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        size = file.stat().st_size
        if size > LARGEST_PUT:
            raise RemoteError(
                f"{file}: larger than the 5 GiB that go up in one request; copy it with the provider's own tool"
            )
        with self._told(f"write {path}"), _bytes_of(file) as content:
            mode: Any = self._only_over(path, over) if isinstance(over, Remote) else "overwrite" if over else "create"
            try:
                put = obstore.put(
                    self._store, path, content, attributes={SHA256: sha256}, mode=mode, use_multipart=False
                )
            except (AlreadyExistsError, PreconditionError) as error:
                raise FileExistsError(path) from error
        return Remote.of(size, put["e_tag"])

    def _only_over(self, path: str, old: Remote) -> dict[str, str]:
        """The condition that an object is still the one that it was, in the terms of its store."""
        import obstore

        now = obstore.head(self._store, path)
        if Remote.of(now["size"], now["e_tag"]) != old:
            raise FileExistsError(path)
        told = {"e_tag": now["e_tag"], "version": now["version"]}
        return {name: text for name, text in told.items() if text is not None}

    def delete(self, path: str) -> None:
        """Remove an object."""
        import obstore

        with self._told(f"remove {path}"):
            obstore.delete(self._store, path)

    @contextmanager
    def _told(self, doing: str) -> Iterator[None]:
        """A library's error as ours. Its text is not passed on: it holds addresses, and they may hold signatures."""
        from obstore.exceptions import BaseError

        try:
            yield
        except FileExistsError:
            raise
        except (BaseError, FileNotFoundError) as error:
            raise RemoteError(f"{self.address}: could not {doing}: {_reason(error)}") from None


def sha256_of(file: Path) -> str:
    """The SHA-256 of a file's content."""
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


@contextmanager
def _bytes_of(file: Path) -> Iterator[Any]:
    """A file's content, of which the system keeps in memory what it likes."""
    with file.open("rb") as handle:
        if not file.stat().st_size:  # cannot be mapped
            yield b""
            return
        # Closed by its last user: the library holds it a moment longer than the call.
        yield mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ)


def _open(address: str) -> ObjectStore:
    from obstore.exceptions import BaseError
    from obstore.store import from_url

    scheme = urlsplit(address).scheme
    everything = environment.complete()
    variables = {name: text for name, text in everything.items() if text and name.startswith(SCHEMES[scheme])}
    config = {name: text for name, text in variables.items() if _is_setting(scheme, name)}
    options: dict[str, Any] = {
        "config": config,
        "client_options": {
            "timeout": timedelta(hours=1),  # of one file
            "connect_timeout": timedelta(seconds=20),
            "allow_http": any(text.startswith("http://") for text in config.values()),
        },
        "retry_config": {"max_retries": RETRIES, "retry_timeout": timedelta(minutes=1)},
    }
    if scheme == "s3":
        options["credential_provider"] = _profile(variables)
    try:
        store: ObjectStore = from_url(address, **options)
        return store
    except (BaseError, ValueError) as error:
        raise RemoteError(f"{address}: {_reason(error)}") from None


def _is_setting(scheme: str, name: str) -> bool:
    """Whether the library knows a variable: the provider's own tools have more of them."""
    from obstore.exceptions import BaseError, UnknownConfigurationKeyError
    from obstore.store import AzureStore, GCSStore, S3Store

    kind: Any = {"s3": S3Store, "gs": GCSStore}.get(scheme, AzureStore)
    try:
        kind("any", config={name: ""})
    except UnknownConfigurationKeyError:
        return False
    except (BaseError, ValueError):  # known, and not enough alone
        return True
    return True


def _profile(variables: Mapping[str, str]) -> Any:
    """Credentials from AWS's profiles and single sign-on, where the environment itself has none."""
    if "AWS_ACCESS_KEY_ID" in variables or "AWS_WEB_IDENTITY_TOKEN_FILE" in variables:
        return None
    files = [
        Path(variables.get(name, f"~/.aws/{default}")).expanduser()
        for name, default in (("AWS_SHARED_CREDENTIALS_FILE", "credentials"), ("AWS_CONFIG_FILE", "config"))
    ]
    if "AWS_PROFILE" not in variables and not any(file.is_file() for file in files):
        return None
    try:
        import boto3
        from botocore.exceptions import BotoCoreError
        from obstore.auth.boto3 import Boto3CredentialProvider
    except ImportError:
        raise RemoteError(
            "an AWS profile is set up on this machine, and reading it needs boto3: pip install "
            "'incoherence-warehouse[s3]'; or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        ) from None
    try:
        return Boto3CredentialProvider(boto3.Session(profile_name=variables.get("AWS_PROFILE")))
    except (BotoCoreError, ValueError) as error:
        raise RemoteError(f"AWS profile {variables.get('AWS_PROFILE', 'default')!r}: {error}") from None


def _reason(error: Exception) -> str:
    text = str(error)
    if isinstance(error, FileNotFoundError):
        return "there is no such object or bucket"
    if told := _TOLD_BY_SERVER.search(text):
        return ": ".join(part for part in told.groups() if part)
    return f"{_URL.sub('the store', text.split(chr(10), 1)[0])[:300]}; are the provider's variables set? docs/remote.md"
