"""A page on this machine that follows a run, fed by server-sent events.

It listens on 127.0.0.1 alone. A request must name that host (so that no other site can reach it by
a name of its own), be a GET, and ask for one of a handful of addresses; no path of the file system
comes from a request. A follower that stalls is dropped; the run itself never waits for one.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from robotvision.data import open_sequence
from robotvision.data.sequence import ImageSequence
from robotvision.errors import RobotVisionError
from robotvision.report.feed import Feed
from robotvision.report.html.images import jpeg, shown_channels
from robotvision.report.html.live import live_page

POLL_S = 0.2
"""How often a follower receives news. A wake-up a frame would disturb the frames' times."""
QUIET_S = 0.4
"""After the end a page asks for its last image: so long without a request, and it has it."""
STALLED_S = 10.0
MAX_FOLLOWERS = 16
BEAT_S = 5.0
PICTURE_WIDTH = 480
_PICTURE = re.compile(r"/picture/(\d{1,9})/([\w.-]{1,64})")


class ServedImages:
    """Images of frames that were replayed, as small JPEGs; one is made at a time."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self._lock = threading.Lock()
        self._opened: dict[str, tuple[ImageSequence, dict[int, int]] | None] = {}

    def get(self, position: int, channel: str) -> bytes | None:
        """Return an image, or None where there is none (any more)."""
        place = self.feed.place(position)
        if place is None:
            return None
        about, index = place
        with self._lock:
            try:
                return self._read(about, index, channel)
            except RobotVisionError:
                return None

    def _read(self, about: dict[str, Any], index: int, channel: str) -> bytes | None:
        key = str(about.get("path"))
        if key not in self._opened:
            self._opened[key] = None
            sequence = open_sequence(Path(key), about.get("reader"))
            places = {e.index: k for k, e in enumerate(sequence.frames)}
            self._opened[key] = (sequence, places)
        opened = self._opened[key]
        if opened is None or index not in opened[1]:
            return None
        kind = dict(shown_channels(opened[0])).get(channel)
        source = opened[0].frames[opened[1][index]].sources.get(channel)
        if kind is None or source is None:
            return None
        return jpeg(source, kind, PICTURE_WIDTH, None)


class Server:
    """Serves the page of a run until it is closed. A context manager.

    Parameters
    ----------
    feed : Feed
        What is served.
    port : int
        0: any free one.
    stalled_s : float
        A follower that takes nothing for so long is dropped.

    Raises
    ------
    RobotVisionError
        The port is taken or not allowed.
    """

    def __init__(self, feed: Feed, port: int = 0, stalled_s: float = STALLED_S) -> None:
        self.feed, self.pictures = feed, ServedImages(feed)
        self.followers = self.answering = 0
        self.asked_s = 0.0
        self.closing = threading.Event()
        self._count = threading.Lock()
        handler = type("Handler", (_Handler,), {"server_of_run": self, "timeout": stalled_s})
        try:
            self._http = _Http(("127.0.0.1", port), handler)
        except OSError as e:
            raise RobotVisionError(
                f"--serve {port}: cannot listen there ({e.strerror}); give another port, or none "
                "for any that is free"
            ) from e
        self.port = int(self._http.server_address[1])
        self._thread = threading.Thread(
            target=self._http.serve_forever, args=(0.1,), name="robotvision-serve", daemon=True
        )

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.port}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def flush(self, seconds: float = 3.0) -> None:
        """Wait until every follower has heard the end and has its last image, at most so long."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            is_quiet = time.monotonic() - self.asked_s > QUIET_S
            if not self.followers and not self.answering and is_quiet:
                return
            time.sleep(0.05)

    @contextlib.contextmanager
    def answer(self) -> Iterator[None]:
        """Count a request while it is answered."""
        with self._count:
            self.answering += 1
        try:
            yield
        finally:
            with self._count:
                self.answering -= 1
                self.asked_s = time.monotonic()

    def enter(self) -> bool:
        """Count a follower in, unless there are too many."""
        with self._count:
            if self.followers >= MAX_FOLLOWERS:
                return False
            self.followers += 1
            return True

    def leave(self) -> None:
        """Count a follower out."""
        with self._count:
            self.followers -= 1
            self.asked_s = time.monotonic()

    def report(self) -> bytes | None:
        """Return the run's report once the run has ended."""
        end = self.feed.end
        path = self.feed.folder / "report.html"
        if end is None or not end["report"] or not path.is_file():
            return None
        return path.read_bytes()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 32

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a browser that went away."""


class _Handler(BaseHTTPRequestHandler):
    server_of_run: Server
    server_version, sys_version = "robotvision", ""

    def parse_request(self) -> bool:
        """Let nothing but a GET for this host through."""
        if not super().parse_request():
            return False
        port = self.server_of_run.port
        host = self.headers.get_all("Host") or []
        if len(host) != 1 or host[0].lower() not in (f"127.0.0.1:{port}", f"localhost:{port}"):
            self._plain(HTTPStatus.FORBIDDEN, "this page is served to 127.0.0.1 alone")
            return False
        if self.command != "GET":
            self._plain(HTTPStatus.METHOD_NOT_ALLOWED, "only GET is answered", allow="GET")
            return False
        return True

    def do_GET(self) -> None:
        """Answer one of the known addresses."""
        address = urlsplit(self.path)
        picture = _PICTURE.fullmatch(address.path)
        if address.path == "/events":
            self._follow(parse_qs(address.query).get("from", ["0.0"])[0])
            return
        with self.server_of_run.answer():
            self._give(address.path, picture)

    def _give(self, path: str, picture: re.Match[str] | None) -> None:
        pages: dict[str, Callable[[], bytes | None]] = {
            "/": self._page,
            "/report.html": self.server_of_run.report,
        }
        if picture is not None:
            raw = self.server_of_run.pictures.get(int(picture[1]), picture[2])
            self._send(raw, "image/jpeg", cache="private, max-age=3600")
        elif path in pages:
            self._send(pages[path](), "text/html; charset=utf-8")
        else:
            self._send(None, "")

    def _page(self) -> bytes:
        return live_page(self.server_of_run.feed.state()).encode()

    def _send(self, body: bytes | None, kind: str, cache: str = "no-store") -> None:
        if body is None:
            self._plain(HTTPStatus.NOT_FOUND, "nothing is served here")
            return
        self._head(HTTPStatus.OK, kind, cache, len(body))
        self.wfile.write(body)

    def _plain(self, status: HTTPStatus, text: str, **headers: str) -> None:
        body = f"{text}\n".encode()
        self._head(status, "text/plain; charset=utf-8", "no-store", len(body), **headers)
        self.wfile.write(body)

    def _head(
        self, status: HTTPStatus, kind: str, cache: str, length: int | None, **more: str
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", cache)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header("X-Frame-Options", "DENY")
        if length is not None:
            self.send_header("Content-Length", str(length))
        for name, value in more.items():
            self.send_header(name.title(), value)
        self.end_headers()

    def _follow(self, start: str) -> None:
        server = self.server_of_run
        if not server.enter():
            self._plain(HTTPStatus.SERVICE_UNAVAILABLE, "too many follow this run already")
            return
        try:
            self._head(HTTPStatus.OK, "text/event-stream", "no-store", None)
            last = self.headers.get("Last-Event-ID") or start
            for event in events(server.feed, last, server.closing):
                self.wfile.write(event.encode())
        except OSError:
            pass  # the browser went away, or takes nothing: it is no longer a follower
        finally:
            server.leave()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: stderr belongs to the run."""


def events(feed: Feed, start: str, closing: threading.Event) -> Iterator[str]:
    """Yield what a follower receives, from ``start`` (``generation.rows``) on, until the end.

    ``news`` holds new rows and the totals, ``again`` asks for the page to be loaded anew, ``end``
    is the last.
    """
    match = re.fullmatch(r"(\d{1,9})\.(\d{1,9})", start)
    generation, n_rows = (int(match[1]), int(match[2])) if match else (-1, 0)
    sent: dict[str, Any] | None = None
    beat = time.monotonic()
    yield "retry: 2000\n\n"
    while True:
        news = feed.since(generation, n_rows)
        if news["again"]:
            yield _event("again", {})
            return
        if news["rows"] or news["status"] != sent:
            n_rows += len(news["rows"])
            sent, beat = news["status"], time.monotonic()
            body = {"rows": news["rows"], "status": sent}
            yield _event("news", body, f"{generation}.{n_rows}")
        if news["end"] is not None:
            yield _event("end", news["end"])
            return
        if time.monotonic() - beat > BEAT_S:
            beat = time.monotonic()
            yield ": still here\n\n"
        if len(news["rows"]) < 1000 and closing.wait(POLL_S):
            return


def _event(name: str, body: dict[str, Any], number: str | None = None) -> str:
    text = json.dumps(body, separators=(",", ":"), allow_nan=False)
    head = f"id: {number}\n" if number else ""
    return f"{head}event: {name}\ndata: {text}\n\n"
