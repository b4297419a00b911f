"""A page on this machine that follows a run, fed by server-sent events.

It listens on 127.0.0.1 alone. A request must name that host (so that no other site can reach it by
a name of its own), be a GET, and ask for one of a handful of addresses; no path of the file system
comes from a request. A follower that stalls is dropped; the run itself never waits for one.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
import threading
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any

from robotvision.data import reopen
from robotvision.data.sequence import ImageSequence
from robotvision.errors import RobotVisionError
from robotvision.report.broadcast import Broadcast, Follower, parse_position
from robotvision.report.feed import Feed
from robotvision.report.html.images import jpeg, shown_channels
from robotvision.report.html.live import live_page
from robotvision.report.local_http import HTML, Request, Response, plain
from robotvision.report.local_server import STALLED_S, LocalServer

QUIET_S = 0.4
"""After the end a page asks for its last image: so long without a request, and it has it."""
MAX_FOLLOWERS = 128
MOST_KEPT = 64
"""Images and pages that are kept for whoever asks for the same ones."""
PAGE_S = 1.0
"""A page so young is given to others too."""
IMAGE_WIDTH = 480
_IMAGE = re.compile(r"/picture/(\d{1,9})/([\w.-]{1,64})")


Place = Callable[[int], tuple[Mapping[str, Any], int] | None]
"""A position in a run -> its sequence, as the line in the log has it, and the frame's index."""


class ServedImages:
    """Images of frames that were replayed, as small JPEGs; one is made at a time.

    Parameters
    ----------
    place : callable
        See `Place`.
    width : int
        Of the images, in pixels.
    """

    def __init__(self, place: Place, width: int = IMAGE_WIDTH) -> None:
        self._place, self._width = place, width
        self._lock = threading.Lock()
        self._opened: dict[str, tuple[ImageSequence, dict[int, int]] | None] = {}

    def get(self, position: int, channel: str) -> bytes | None:
        """Return an image, or None where there is none (any more)."""
        place = self._place(position)
        if place is None:
            return None
        about, index = place
        with self._lock:
            try:
                return self._read(about, index, channel)
            except RobotVisionError:
                return None

    def _read(self, about: Mapping[str, Any], index: int, channel: str) -> bytes | None:
        key = str(about.get("path"))
        if key not in self._opened:
            self._opened[key] = None
            sequence = reopen(about)
            self._opened[key] = (sequence, sequence.positions())
        opened = self._opened[key]
        if opened is None or index not in opened[1]:
            return None
        kind = dict(shown_channels(opened[0])).get(channel)
        source = opened[0].frames[opened[1][index]].sources.get(channel)
        if kind is None or source is None:
            return None
        return jpeg(source, kind, self._width, None)


class Server(LocalServer):
    """Serves the page of a run until it is closed. A context manager.

    One thread answers everybody, a second makes pages and images; what several followers wait for
    is made once.

    Parameters
    ----------
    feed : Feed
        What is served.
    port : int or socket
        0: any free one; a socket that listens already, as
        `robotvision.report.local_server.listen` makes.
    stalled_s : float
        A follower that takes nothing for so long is dropped.

    Raises
    ------
    RobotVisionError
        The port is taken or not allowed.
    """

    def __init__(
        self, feed: Feed, port: int | socket.socket = 0, stalled_s: float = STALLED_S
    ) -> None:
        super().__init__(port, stalled_s=stalled_s)
        self.feed = feed
        self.answering = 0
        self.asked_s = 0.0
        self._broadcast = Broadcast(feed, stalled_s)
        self._content = Content(feed)

    @property
    def followers(self) -> int:
        """How many follow the run."""
        return len(self._broadcast.followers)

    def flush(self, seconds: float = 3.0) -> None:
        """Wait until every follower has the end and its last image, at most so long."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            is_quiet = time.monotonic() - self.asked_s > QUIET_S
            if not self.followers and not self.answering and is_quiet:
                return
            time.sleep(0.05)

    @contextlib.asynccontextmanager
    async def _serving(self) -> AsyncIterator[None]:
        ticking = asyncio.create_task(self._broadcast.run())
        try:
            yield
        finally:
            ticking.cancel()
            self._broadcast.drop_all()

    def _closed(self) -> None:
        self._content.close()

    async def answer(self, request: Request, reader: StreamReader, writer: StreamWriter) -> None:
        """Answer a request, or let a follower have its events."""
        if request.path == "/events":
            await self._follow(request, reader, writer)
            return
        self.answering += 1
        try:
            await self.send(await self._content.response(request.path), writer)
        finally:
            self.answering -= 1
            self.asked_s = time.monotonic()

    async def _follow(self, request: Request, reader: StreamReader, writer: StreamWriter) -> None:
        """Let a follower receive events until it goes away or the run is over."""
        if self.followers >= MAX_FOLLOWERS:
            full = plain(HTTPStatus.SERVICE_UNAVAILABLE, "too many follow this run already")
            writer.write(full.encode())
            return
        start = request.headers.get("last-event-id") or request.query.get("from") or ["0.0"]
        writer.write(Response(HTTPStatus.OK, "text/event-stream", None).encode())
        writer.write(b"retry: 2000\n\n")
        follower = Follower(writer, *parse_position(start[0]))
        self._broadcast.followers.add(follower)
        gone = asyncio.create_task(reader.read(1))
        over = asyncio.create_task(follower.over.wait())
        try:
            await asyncio.wait((gone, over), return_when=asyncio.FIRST_COMPLETED)
            async with asyncio.timeout(self.stalled_s):
                await writer.drain()
        finally:
            gone.cancel()
            over.cancel()
            self._broadcast.followers.discard(follower)
            self.asked_s = time.monotonic()


class Content:
    """The page, the report and the images of a run: each made once, by one thread.

    Parameters
    ----------
    feed : Feed
    """

    def __init__(self, feed: Feed) -> None:
        self.feed, self._images = feed, ServedImages(feed.place)
        self._pool = ThreadPoolExecutor(1, "robotvision-pages")
        self._kept: dict[tuple[Any, ...], asyncio.Future[bytes | None]] = {}
        self._page_s = 0.0

    def close(self) -> None:
        """Wait for what is being made, and make no more."""
        self._pool.shutdown(cancel_futures=True)

    async def response(self, path: str) -> Response:
        """Return what stands at a path; nothing of the file system is reached by it."""
        image = _IMAGE.fullmatch(path)
        if image is not None:
            key = ("image", int(image[1]), image[2])
            body = await self._once(key, lambda: self._images.get(int(image[1]), image[2]))
            found = Response(HTTPStatus.OK, "image/jpeg", body, "private, max-age=3600")
        elif path in ("/", "/report.html"):
            body = await (self._page() if path == "/" else self._once(None, self._report))
            found = Response(HTTPStatus.OK, HTML, body)
        else:
            body = None
        return plain(HTTPStatus.NOT_FOUND, "nothing is served here") if body is None else found

    async def _once(
        self, key: tuple[Any, ...] | None, make: Callable[[], bytes | None]
    ) -> bytes | None:
        """Return what ``make`` returns; whoever asks for the same key gets the same bytes."""
        loop = asyncio.get_running_loop()
        if key is None:
            return await loop.run_in_executor(self._pool, make)
        if key not in self._kept:
            while len(self._kept) >= MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = loop.run_in_executor(self._pool, make)
        body = await asyncio.shield(self._kept[key])
        if body is None:
            self._kept.pop(key, None)  # a frame that comes later may be asked for again
        return body

    async def _page(self) -> bytes | None:
        """Return the page, at most a second old: its events bring it up to date."""
        now = time.monotonic()
        if now - self._page_s > PAGE_S:
            self._page_s = now
        key = ("page", self.feed.generation, self.feed.end is None, self._page_s)
        for old in [k for k in self._kept if k[0] == "page" and k != key]:
            del self._kept[old]
        return await self._once(key, lambda: live_page(self.feed.state()).encode())

    def _report(self) -> bytes | None:
        """Return the run's report once the run has ended."""
        end = self.feed.end
        path = self.feed.folder / "report.html"
        if end is None or not end["report"] or not path.is_file():
            return None
        return path.read_bytes()
