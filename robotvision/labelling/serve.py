"""Serves the page of one labeller, on this machine alone.

What protects the labels from other pages and other users of the machine: the server listens on
127.0.0.1, a request must name that host and, where it changes something, come from the page's own
origin, and every address begins with a token that is drawn anew for each server.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import re
import secrets
import threading
from asyncio import StreamReader, StreamWriter
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any

import msgspec

from robotvision.data.sequence import ImageSequence
from robotvision.errors import FrameError, RobotVisionError
from robotvision.labelling.page import label_page, proposals_view
from robotvision.labelling.session import LabelOptions, LabelSession
from robotvision.labelling.state import EDITS
from robotvision.report.html.images import jpeg, shown_channels
from robotvision.report.local_http import HTML, Request, Response, plain
from robotvision.report.local_server import LocalServer

MAX_BODY = 2**22
WIDTHS = (160, 960)
"""Of images in the filmstrip and above it, in pixels."""
MOST_KEPT = 600
"""Images in memory."""
_IMAGE = re.compile(r"picture/(\d{1,9})/(\d{1,4})")


class LabelServer(LocalServer):
    """Serves the page of a session until it is closed. A context manager.

    Parameters
    ----------
    session : LabelSession
    port : int
        As `LocalServer` takes it, and with its errors.
    """

    def __init__(self, session: LabelSession, port: int = 0) -> None:
        super().__init__(port, "--port", methods=("GET", "POST"))
        self.session = session
        self.token = secrets.token_urlsafe(16)
        self._images = LabelImages(session.sequence)
        self._edits = ThreadPoolExecutor(1, "robotvision-edits")
        self._pool = ThreadPoolExecutor(2, "robotvision-images")

    @property
    def address(self) -> str:
        """Where the page is, with its token."""
        return f"{super().address}{self.token}/"

    def _closed(self) -> None:
        self._edits.shutdown()
        self._pool.shutdown(cancel_futures=True)

    async def answer(self, request: Request, reader: StreamReader, writer: StreamWriter) -> None:
        """Answer a request whose path begins with the token."""
        token, _, path = request.path.removeprefix("/").partition("/")
        if not hmac.compare_digest(token.encode(), self.token.encode()):
            text = "expected the whole address that robotvision label printed"
            await self.send(plain(HTTPStatus.FORBIDDEN, text), writer)
            return
        if request.method == "POST":
            response = await self._post(path, request, reader)
        else:
            response = await self._get(path)
        await self.send(response, writer)

    async def _post(self, path: str, request: Request, reader: StreamReader) -> Response:
        n = request.body_length
        if n is None or n > MAX_BODY:
            return plain(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "expected the length of a short body")
        if request.headers.get("content-type") != ["application/json"]:
            return plain(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "expected application/json")
        async with asyncio.timeout(self.stalled_s):
            body = await reader.readexactly(n)
        if path == "edit":
            return await self._json(self._edits, lambda: self._edit(body))
        if path == "save":
            return await self._json(self._edits, lambda: {"message": self.session.save().message})
        return _nothing()

    async def _get(self, path: str) -> Response:
        if path == "":
            return await self._made(self._edits, HTML, lambda: label_page(self.session).encode())
        if path == "labels":
            return await self._json(self._edits, self.session.view)
        if path == "proposals":
            return await self._json(self._pool, lambda: proposals_view(self.session))
        image = _IMAGE.fullmatch(path)
        if image is None:
            return _nothing()
        position, width = int(image[1]), int(image[2])
        return await self._made(
            self._pool, "image/jpeg", lambda: self._images.get(position, width), "max-age=3600"
        )

    def _edit(self, body: bytes) -> dict[str, Any]:
        try:
            edit = EDITS.decode(body)
        except msgspec.DecodeError as e:
            raise RobotVisionError(f"not an edit ({e})") from e
        self.session.apply(edit)
        return self.session.view()

    async def _json(self, pool: ThreadPoolExecutor, make: Callable[[], dict[str, Any]]) -> Response:
        """Return what ``make`` returns as JSON; what it refuses, as a line for the page."""
        kind = "application/json"
        try:
            made = await asyncio.get_running_loop().run_in_executor(pool, make)
        except RobotVisionError as e:
            body = json.dumps({"error": e.lines()[0]}).encode()
            return Response(HTTPStatus.CONFLICT, kind, body)
        return Response(HTTPStatus.OK, kind, json.dumps(made).encode())

    async def _made(
        self,
        pool: ThreadPoolExecutor,
        kind: str,
        make: Callable[[], bytes | None],
        cache: str = "no-store",
    ) -> Response:
        body = await asyncio.get_running_loop().run_in_executor(pool, make)
        return _nothing() if body is None else Response(HTTPStatus.OK, kind, body, cache)


def _nothing() -> Response:
    return plain(HTTPStatus.NOT_FOUND, "nothing is served here")


class LabelImages:
    """Images of a sequence's frames as small JPEGs; those asked for last are kept."""

    def __init__(self, sequence: ImageSequence) -> None:
        self.sequence = sequence
        self._channels = shown_channels(sequence)[:1]
        self._kept: OrderedDict[tuple[int, int], bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, position: int, width: int) -> bytes | None:
        """Return the image of a frame, None where there is none that can be read."""
        key = (position, width)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        if width not in WIDTHS or position >= len(self.sequence) or not self._channels:
            return None
        channel, kind = self._channels[0]
        source = self.sequence.frames[position].sources.get(channel)
        try:
            image = None if source is None else jpeg(source, kind, width, None)
        except FrameError:
            return None  # a broken image is shown as none; `data verify` says what is wrong
        if image is not None:
            with self._lock:
                self._kept[key] = image
                while len(self._kept) > MOST_KEPT:
                    self._kept.popitem(last=False)
        return image


def label(
    sequence: ImageSequence,
    options: LabelOptions | None = None,
    *,
    port: int = 0,
    ready: Callable[[LabelServer], None] = lambda server: None,
) -> None:
    """Serve the page on which a sequence is labelled, until interrupted.

    Parameters
    ----------
    sequence : ImageSequence
    options : LabelOptions, optional
        Where labels are kept and the truth is written.
    port : int
        On 127.0.0.1; 0: any free one.
    ready : callable
        Receives the server once the page can be opened.

    Raises
    ------
    RobotVisionError
        The labels cannot be read or written, another process has them open, or the port is taken.
    """
    with LabelSession(sequence, options) as session, LabelServer(session, port) as server:
        learning = threading.Thread(target=session.learn, name="robotvision-learn", daemon=True)
        learning.start()
        ready(server)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return
