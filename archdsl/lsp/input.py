"""What an editor sends, read as it comes: whoever answers finds everything at once that has come in meanwhile."""

from __future__ import annotations

import asyncio
import os
from threading import BoundedSemaphore, Thread

_CHUNK = 2**16
# Chunks that wait to be looked at. An editor that sends more than that is not listened to for a moment.
_MOST_CHUNKS = 256


class Input:
    """A descriptor as the reader that pygls wants, read to its end by a thread of its own.

    What has come in is handed out without giving way to anybody else, so that whatever was put off until nothing more
    is there, such as diagnostics, is put off until nothing more is there. The thread is a daemon, which no server waits
    for at its end, and reads no buffered file, on whose lock Python's end would stumble.
    """

    def __init__(self, descriptor: int):
        self._descriptor = descriptor
        self._loop = asyncio.get_running_loop()
        self._reader = asyncio.StreamReader()
        self._free = BoundedSemaphore(_MOST_CHUNKS)
        Thread(target=self._read, daemon=True).start()

    async def readline(self) -> bytes:
        try:
            return await self._reader.readline()
        except ValueError:  # A line without an end is not a header of this protocol.
            return b""

    async def readexactly(self, count: int) -> bytes:
        try:
            return await self._reader.readexactly(count)
        except asyncio.IncompleteReadError:  # The editor went away in the middle of a message.
            return b""

    def _read(self) -> None:
        data = b"more"
        while data:
            self._free.acquire()
            try:
                data = os.read(self._descriptor, _CHUNK)
            except OSError:
                data = b""
            try:
                self._loop.call_soon_threadsafe(self._feed, data)
            except RuntimeError:  # The server has ended.
                return

    def _feed(self, data: bytes) -> None:
        self._free.release()
        if data:
            self._reader.feed_data(data)
        else:
            self._reader.feed_eof()
