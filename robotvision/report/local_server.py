"""A server on this machine alone: one thread, one request a connection.

It listens on 127.0.0.1. A request must name that host (so that no other site can reach it by a
name of its own) and be a GET; what stands at a path is the subclass's to say.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
import threading
import time
from http import HTTPStatus
from types import TracebackType
from typing import Self

from robotvision.errors import RobotVisionError
from robotvision.report.local_http import MAX_HEAD, Request, Response, parse_request, plain

SWITCH_S = 0.0005
"""How long another thread waits at most until this one lets Python go, in place of 5 ms."""
STALLED_S = 10.0
CLOSING_S = 0.5
"""What is written when the server closes may take so long to be sent."""
BACKLOG = 128


class LocalServer:
    """Answers requests in a thread of its own until it is closed. A context manager.

    A subclass gives `respond`, and may override `begin`, `end` and `handle`.

    Parameters
    ----------
    port : int
        0: any free one.
    option : str
        What the port is called where it cannot be had: ``--serve``.
    stalled_s : float
        A client that takes nothing for so long is dropped.

    Raises
    ------
    RobotVisionError
        The port is taken or not allowed.
    """

    def __init__(self, port: int, option: str, stalled_s: float = STALLED_S) -> None:
        self.stalled_s = stalled_s
        self.answering = 0
        self.asked_s = 0.0
        try:
            self._socket = socket.create_server(("127.0.0.1", port), backlog=BACKLOG)
        except (OSError, OverflowError) as e:
            why = e.strerror if isinstance(e, OSError) else e
            raise RobotVisionError(
                f"{option} {port}: cannot listen there ({why}); give another port, or 0 for any "
                "that is free"
            ) from e
        self.port = int(self._socket.getsockname()[1])
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = asyncio.Event()
        self._is_ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve()), name="robotvision-serve", daemon=True
        )

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.port}/"

    async def respond(self, request: Request) -> Response:
        """Return what stands at an address."""
        raise NotImplementedError

    def begin(self) -> None:
        """Start what runs beside the requests, within the thread's event loop."""

    def end(self) -> None:
        """Stop what `begin` started, before connections are closed."""

    def close(self) -> None:
        """Give back what the server holds, after connections are closed."""

    async def handle(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Answer a request that is one."""
        await self._write(await self.respond(request), writer)

    def __enter__(self) -> Self:
        self._thread.start()
        self._is_ready.wait()
        self._switch_s = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended already
                self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()
        sys.setswitchinterval(self._switch_s)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(lambda loop, context: None)  # stderr belongs to the run
        server = await asyncio.start_server(self._connected, sock=self._socket, limit=MAX_HEAD)
        self.begin()
        self._is_ready.set()
        await self._closing.wait()
        self.end()
        server.close()
        until = time.monotonic() + CLOSING_S
        while self._writers and time.monotonic() < until:
            await asyncio.sleep(0.01)
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0)
        self.close()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request; a browser that goes away, or takes nothing, is left alone."""
        self._writers.add(writer)
        try:
            with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
                await self._read(reader, writer)
        finally:
            writer.close()
            self._writers.discard(writer)

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(self.stalled_s):
                head = await reader.readuntil(b"\r\n\r\n")
            request = parse_request(head, self.port)
        except asyncio.LimitOverrunError:
            request = plain(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "too long a request")
        self.answering += 1
        try:
            if isinstance(request, Response):
                await self._write(request, writer)
            else:
                await self.handle(request, reader, writer)
        finally:
            self.answering -= 1
            self.asked_s = time.monotonic()

    async def _write(self, response: Response, writer: asyncio.StreamWriter) -> None:
        writer.write(response.encode())
        async with asyncio.timeout(self.stalled_s):
            await writer.drain()
