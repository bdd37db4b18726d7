"""Members of an `.eval` archive, read one at a time within bounds.

The standard library lists the archive; members are decompressed here, because zipfile does not know zstd (method 93)
before Python 3.14 and would decompress a hostile member without limit. Member names are keys, never paths.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path
from types import TracebackType
from typing import IO

import zstandard

from ingestion.logs.records import RefusedFileError

MAX_MEMBER_BYTES = 256 * 2**20
"""Largest uncompressed member that is read; a larger sample is quarantined."""

MAX_TOTAL_BYTES = 64 * 2**30
"""Largest sum of uncompressed members; a larger archive is refused."""

MAX_MEMBERS = 1_000_000
"""Most members of an archive; one with more is refused."""

MAX_DIRECTORY_BYTES = 64 * 2**20
"""Largest directory of an archive; the standard library holds it whole, at ten times its size."""

_STORED, _DEFLATE, _ZSTD = 0, 8, 93
_LOCAL_HEADER = struct.Struct("<4s22xHH")
_END = struct.Struct("<4s6xH10x")
_END_MAGIC = b"PK\x05\x06"
_LONGEST_COMMENT = 0xFFFF
_DIRECTORY_BYTES = struct.Struct("<12xI")
_IN_64_BITS = 0xFFFFFFFF  # a directory whose size 32 bits do not hold: the size is in another record
_LOCATOR = struct.Struct("<4s4xQ4x")
_END_64 = struct.Struct("<4s36xQ")
_HEADER_SLACK = 64
_MANY = 0xFFFF  # more members than 16 bits hold are counted elsewhere in the archive
_ZSTD_WINDOW_BYTES = 128 * 2**20


class MemberError(Exception):
    """One member cannot be read; the message says why."""


class Archive:
    """An open `.eval` archive.

    Attributes:
        names: names of its members, in the order in which they were written, each once.
        repeated: names that occur more than once; the last one written is the one that counts.

    Raises:
        RefusedFileError: if the file is no archive, is cut short, or is larger than the bounds above.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._file = path.open("rb")
            self._size = path.stat().st_size
        except OSError as error:
            raise RefusedFileError(f"cannot be opened: {error.strerror}; check the path and its permissions") from error
        try:
            if (n_bytes := _directory_bytes(self._file)) > MAX_DIRECTORY_BYTES:
                raise ValueError(f"a directory of {n_bytes} bytes, over the limit of {MAX_DIRECTORY_BYTES}")
            with zipfile.ZipFile(self._file) as directory:
                members = directory.infolist()
                end_bytes = _END.size + len(directory.comment)
        except Exception as error:  # hostile directories raise anything: struct.error, ValueError, UnicodeDecodeError …
            self._file.close()
            raise RefusedFileError(
                f"not a readable .eval archive ({error or type(error).__name__}); the file is cut short or damaged: "
                "copy it again from where the run wrote it"
            ) from error
        try:
            self._check(members, end_bytes)
        except RefusedFileError:
            self._file.close()
            raise
        # One for all members: making one takes three times as long as decompressing a sample with it.
        self._zstd = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_BYTES)
        self._members = {member.filename: member for member in members}
        self.names = list(self._members)
        self.repeated = _repeated([member.filename for member in members]) if len(members) > len(self.names) else []

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def read(self, name: str) -> bytes:
        """The uncompressed bytes of a member, checked against its size and checksum.

        Raises:
            MemberError: if it is too large, encrypted, damaged or compressed in an unknown way.
        """
        member = self._members[name]
        if member.file_size > MAX_MEMBER_BYTES:
            raise MemberError(f"{member.file_size} bytes uncompressed, over the limit of {MAX_MEMBER_BYTES}")
        if member.flag_bits & 0x1:
            raise MemberError("it is encrypted; write the log without a password")
        try:
            data = _decompress(self._compressed(member), member.compress_type, member.file_size + 1, self._zstd)
        except (zlib.error, zstandard.ZstdError, struct.error, OSError, ValueError) as error:
            raise MemberError(f"it is damaged ({error}); copy the log again") from error
        if len(data) != member.file_size or zlib.crc32(data) != member.CRC:
            raise MemberError("it is damaged (size or checksum differ); copy the log again")
        return data

    def _compressed(self, member: zipfile.ZipInfo) -> bytes:
        # Usually one read: the name has the same length here and in the directory, and the rest of the header is short.
        self._file.seek(member.header_offset)
        likely = _LOCAL_HEADER.size + len(member.filename.encode()) + _HEADER_SLACK + member.compress_size
        data = self._file.read(likely)
        magic, name_length, extra_length = _LOCAL_HEADER.unpack_from(data)
        if magic != b"PK\x03\x04":
            raise ValueError("no member begins where the directory says")
        start = _LOCAL_HEADER.size + name_length + extra_length
        end = start + member.compress_size
        if end > len(data):
            data += self._file.read(end - len(data))
        return data[start:end]

    def _check(self, members: list[zipfile.ZipInfo], end_bytes: int) -> None:
        self._file.seek(-end_bytes, 2)
        magic, n_members = _END.unpack(self._file.read(_END.size))
        if magic == _END_MAGIC and n_members not in (_MANY, len(members)):
            raise RefusedFileError(f"its directory lists {len(members)} of {n_members} members: damaged, copy it again")
        if len(members) > MAX_MEMBERS:
            raise RefusedFileError(f"{len(members)} members, over the limit of {MAX_MEMBERS}; split the run")
        # Members that share compressed bytes are the quadratic zip bomb; no tool writes them.
        if sum(member.compress_size for member in members) > self._size:
            raise RefusedFileError("its members overlap: not an archive that Inspect wrote")
        if sum(member.file_size for member in members) > MAX_TOTAL_BYTES:
            raise RefusedFileError(f"more than {MAX_TOTAL_BYTES} bytes uncompressed; split the run")


def _directory_bytes(file: IO[bytes]) -> int:
    """Size of the directory, by the archive's last record: ZipFile reads all of it before anything is known.

    0 if there is no such record, which ZipFile then says better.
    """
    size = file.seek(0, 2)
    tail_start = max(size - _END.size - _LONGEST_COMMENT, 0)
    file.seek(tail_start)
    tail = file.read()
    place = tail.rfind(_END_MAGIC)
    if place < 0 or len(tail) - place < _END.size:
        return 0
    n_bytes = int(_DIRECTORY_BYTES.unpack_from(tail, place)[0])
    locator_place = tail_start + place - _LOCATOR.size
    if locator_place < 0:
        return n_bytes
    file.seek(locator_place)
    magic, record_place = _LOCATOR.unpack(file.read(_LOCATOR.size))
    if magic != b"PK\x06\x07" or record_place > size - _END_64.size:
        return n_bytes
    file.seek(record_place)
    magic, n_bytes_64 = _END_64.unpack(file.read(_END_64.size))
    return max(n_bytes if n_bytes != _IN_64_BITS else 0, n_bytes_64 if magic == b"PK\x06\x06" else 0)


def _decompress(data: bytes, method: int, limit: int, zstd: zstandard.ZstdDecompressor) -> bytes:
    if method == _STORED:
        return data
    if method == _DEFLATE:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, limit)
    if method == _ZSTD:
        # Inspect splits large members into several frames.
        with zstd.stream_reader(data, read_across_frames=True) as reader:
            return reader.read(limit)
    raise ValueError(f"compression method {method} is none of stored, DEFLATE, zstd")


def _repeated(names: list[str]) -> list[str]:
    seen: set[str] = set()
    return sorted({name for name in names if name in seen or seen.add(name)})  # type: ignore[func-returns-value]
