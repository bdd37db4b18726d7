"""Group commit: many samples wait for one fsync together."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ingestion.sampling.journal.records import Header, Record, SegmentWriter

SEGMENT_BYTES = 1 << 28
"""A segment is closed, and compressed, when it is larger than this."""


class GroupCommit:
    """The journal of a running partition. Records that arrive while the disk is busy are written with one fsync.

    Args:
        folder: the partition's folder; the caller holds its lock.
        header: first line of each segment.
    """

    def __init__(self, folder: Path, header: Header) -> None:
        self._folder = folder
        self._header = header
        self._writer = SegmentWriter(folder, header)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._flusher: asyncio.Task[None] | None = None

    async def append(self, *records: Record) -> None:
        """Return when the records are on disk.

        Raises:
            JournalError: if the disk does not take them.
        """
        written: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((b"".join(map(self._writer.encode, records)), written))
        if self._flusher is None or self._flusher.done():
            self._flusher = asyncio.create_task(self._flush())
        await written

    async def close(self, run_status: str) -> None:
        """Write what is waiting, end the segment and compress it."""
        if self._flusher is not None:
            await self._flusher
        await asyncio.get_running_loop().run_in_executor(self._thread, self._writer.close, run_status)
        self._thread.shutdown()

    async def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                await loop.run_in_executor(self._thread, self._write, b"".join(line for line, _ in batch))
            except Exception as error:
                for _, written in batch:
                    if not written.done():
                        written.set_exception(error)
                continue
            for _, written in batch:
                if not written.done():
                    written.set_result(None)

    def _write(self, lines: bytes) -> None:
        self._writer.write(lines)
        if self._writer.n_bytes > SEGMENT_BYTES:
            self._writer.close(None)
            self._writer = SegmentWriter(self._folder, self._header)
