"""A server on this machine alone: a thread that listens on 127.0.0.1 and answers requests."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from abc import ABC, abstractmethod
from asyncio import StreamReader, StreamWriter
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from robotvision.errors import RobotVisionError
from robotvision.report.local_http import MAX_HEAD, Request, Response, parse_head, too_long

STALLED_S = 10.0
CLOSING_S = 0.5
"""What is written when the server closes may take so long to be sent."""
BACKLOG = 128


def address_of(port: int) -> str:
    """Return where a page is served."""
    return f"http://127.0.0.1:{port}/"


def listen(port: int, option: str = "--serve") -> socket.socket:
    """Return a socket that listens on this machine.

    Parameters
    ----------
    port : int
        0: any free one.
    option : str
        The option that gives the port, for messages.

    Raises
    ------
    RobotVisionError
        The port is taken or not allowed.
    """
    try:
        return socket.create_server(("127.0.0.1", port), backlog=BACKLOG)
    except (OSError, OverflowError) as e:
        why = e.strerror if isinstance(e, OSError) else e
        raise RobotVisionError(
            f"{option} {port}: cannot listen there ({why}); give another port, or none "
            "for any that is free"
        ) from e


class LocalServer(ABC):
    """Serves until it is closed. A context manager.

    Parameters
    ----------
    port : int or socket
        0: any free one; a socket that listens already, as `listen` makes.
    option : str
        The option that gives the port, for messages.
    stalled_s : float
        Whoever sends or takes nothing for so long is left.
    methods : sequence of str
        What is answered.

    Raises
    ------
    RobotVisionError
        The port is taken or not allowed.
    """

    def __init__(
        self,
        port: int | socket.socket = 0,
        option: str = "--serve",
        stalled_s: float = STALLED_S,
        methods: Sequence[str] = ("GET",),
    ) -> None:
        self.stalled_s, self.methods = stalled_s, tuple(methods)
        self._socket = listen(port, option) if isinstance(port, int) else port
        self.port = int(self._socket.getsockname()[1])
        self._writers: set[StreamWriter] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = asyncio.Event()
        self._is_ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve()), name="robotvision-serve", daemon=True
        )

    @property
    def address(self) -> str:
        """Where the page is."""
        return address_of(self.port)

    def __enter__(self) -> Self:
        self._thread.start()
        self._is_ready.wait()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop has ended already
                self._loop.call_soon_threadsafe(self._closing.set)
        self._thread.join()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(lambda loop, context: None)  # stderr belongs to the run
        server = await asyncio.start_server(self._connected, sock=self._socket, limit=MAX_HEAD)
        async with self._serving():
            self._is_ready.set()
            await self._closing.wait()
            server.close()
        await asyncio.sleep(0.01)  # who came just before is among the writers then
        until = time.monotonic() + CLOSING_S
        while self._writers and time.monotonic() < until:
            await asyncio.sleep(0.01)
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0)
        self._closed()

    def _serving(self) -> contextlib.AbstractAsyncContextManager[None]:
        """Return what goes on while the server listens."""
        return contextlib.nullcontext()

    def _closed(self) -> None:  # noqa: B027
        """Do what is left once nobody is answered any more."""

    async def _connected(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Answer one request; a browser that goes away, or takes nothing, is left alone."""
        self._writers.add(writer)
        try:
            with contextlib.suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
                await self._respond(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(self.stalled_s):
                    await writer.wait_closed()  # what was written last is still on its way
            writer.transport.abort()
            self._writers.discard(writer)

    async def _respond(self, reader: StreamReader, writer: StreamWriter) -> None:
        try:
            async with asyncio.timeout(self.stalled_s):
                head = await reader.readuntil(b"\r\n\r\n")
            request = parse_head(head, self.port, self.methods)
        except asyncio.LimitOverrunError:
            request = too_long()
        if isinstance(request, Response):
            await self.send(request, writer)
        else:
            await self.answer(request, reader, writer)

    @abstractmethod
    async def answer(self, request: Request, reader: StreamReader, writer: StreamWriter) -> None:
        """Answer a request; one that is refused was answered already."""

    async def send(self, response: Response, writer: StreamWriter) -> None:
        """Write an answer and wait until it is taken."""
        writer.write(response.encode())
        async with asyncio.timeout(self.stalled_s):
            await writer.drain()
