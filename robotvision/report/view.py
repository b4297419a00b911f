"""A page on this machine for all runs of a folder: a list, each run's page, comparisons.

Everything is made when it is asked for, by one thread, from the logs as they stand then; a run that
goes on is seen going on. An address names a run by its key and a frame by its position: no path of
the file system comes from a request.
"""

from __future__ import annotations

import asyncio
import re
from asyncio import StreamReader, StreamWriter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

import numpy as np

from robotvision.errors import RobotVisionError
from robotvision.report.columns import RunColumns, load_runs
from robotvision.report.html.images import WIDTHS
from robotvision.report.html.listing import list_page, sparkline
from robotvision.report.html.page import MAX_RUNS, build_page
from robotvision.report.listing import PORT, RUNNING, RunList, RunRow
from robotvision.report.local_http import HTML, Request, Response, plain
from robotvision.report.local_server import LocalServer
from robotvision.report.serve import ServedImages

MOST_KEPT = 16
"""Runs that stay read for whoever asks for more of the same."""
_RUN = re.compile(r"/run/([0-9a-f]{12})/")
_SPARK = re.compile(r"/spark/([0-9a-f]{12})\.svg")
_IMAGE = re.compile(r"/image/([0-9a-f]{12})/(\d{1,9})/([\w.-]{1,64})")


class Viewer(LocalServer):
    """Serves the runs of folders until it is closed. A context manager.

    Parameters
    ----------
    runs : RunList
    port : int
        0: any free one.
    """

    def __init__(self, runs: RunList, port: int = PORT) -> None:
        super().__init__(port, "--port")
        self.runs = runs
        self._pool = ThreadPoolExecutor(1, "robotvision-view")
        self._known: dict[str, tuple[float, RunColumns, ServedImages]] = {}

    def _closed(self) -> None:
        self._pool.shutdown(cancel_futures=True)

    async def answer(self, request: Request, reader: StreamReader, writer: StreamWriter) -> None:
        """Answer a request."""
        await self.send(await self.respond(request), writer)

    async def respond(self, request: Request) -> Response:
        """Return the list, a run, a comparison, an image; a fault of a run as text."""
        make = self._maker(request)
        if make is None:
            return plain(HTTPStatus.NOT_FOUND, "nothing is served here")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, make)
        except RobotVisionError as e:
            return plain(HTTPStatus.CONFLICT, "\n".join(e.lines()))

    def _maker(self, request: Request) -> Callable[[], Response] | None:
        if request.path == "/":
            return lambda: _html(list_page(self.runs.rows(), self.runs.roots))
        if request.path == "/compare":
            return lambda: self._page(request.query.get("run", []))
        for pattern, make in (
            (_RUN, lambda key: self._page([key])),
            (_SPARK, self._spark),
            (_IMAGE, self._image),
        ):
            if match := pattern.fullmatch(request.path):
                return partial(make, *match.groups())
        return None

    def _page(self, keys: list[str]) -> Response:
        if not 1 <= len(keys) <= MAX_RUNS:
            raise RobotVisionError(f"tick 1 to {MAX_RUNS} runs to see them, got {len(keys)}")
        rows = [self._row(key) for key in dict.fromkeys(keys)]
        runs = load_runs([row.folder for row in rows])
        going = any(row.status == RUNNING for row in rows)

        def address(place: int, position: int, channel: str) -> str:
            return f"/image/{rows[place].key}/{position}/{channel}"

        return _html(build_page(runs, served=address, is_going=going))

    def _row(self, key: str) -> RunRow:
        row = self.runs.find(key)
        if row is None:
            raise RobotVisionError("this run is not there any more: go back to the list")
        return row

    def _columns(self, key: str) -> tuple[RunColumns, ServedImages]:
        """Return a run by column, read again where its log has grown."""
        row = self._row(key)
        kept = self._known.get(key)
        if kept is None or kept[0] != row.changed_s:
            while len(self._known) >= MOST_KEPT:
                del self._known[next(iter(self._known))]
            (run,) = load_runs([row.folder])
            kept = row.changed_s, run, ServedImages(_places(run), WIDTHS[0])
            self._known[key] = kept
        return kept[1], kept[2]

    def _spark(self, key: str) -> Response:
        run, _ = self._columns(key)
        svg = sparkline(np.cumsum(run.points).tolist(), run.data["max_points"])
        return Response(HTTPStatus.OK, "image/svg+xml", svg.encode())

    def _image(self, key: str, position: str, channel: str) -> Response:
        body = self._columns(key)[1].get(int(position), channel)
        if body is None:
            return plain(HTTPStatus.NOT_FOUND, "there is no such image (any more)")
        return Response(HTTPStatus.OK, "image/jpeg", body, "private, max-age=3600")


def _html(text: str) -> Response:
    return Response(HTTPStatus.OK, HTML, text.encode(errors="replace"))


def _places(run: RunColumns) -> Callable[[int], tuple[Mapping[str, Any], int] | None]:
    """Return the function from a position to its sequence and its frame's index."""
    frames = [(s.about, f.index) for s in run.record.sequences for f in s.frames]
    return lambda position: frames[position] if position < len(frames) else None


def view_runs(roots: Sequence[Path], port: int = PORT) -> Viewer:
    """Return the server of all runs in folders, ready to be entered.

    Raises
    ------
    RobotVisionError
        A folder is not there, or the port cannot be had.
    """
    return Viewer(RunList(roots), port)
