"""Server-sent events of a run, for any number of followers: each piece of news is encoded once.

``news`` holds new rows and the totals, ``again`` asks for the page to be loaded anew, ``end`` is
the last. A follower that takes nothing misses nothing: it gets more rows at once later, and is
dropped in the end.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from dataclasses import dataclass, field
from typing import Any

from robotvision.report.feed import MOST_ROWS, Feed

POLL_S = 0.2
"""How often a follower receives news. A wake-up a frame would disturb the frames' times."""
BEAT_S = 5.0
AT_ONCE = 8
"""Followers that are written to before others of the process may go on."""
MOST_WAITING = 1_000_000
"""A follower gets no more while so many bytes wait for it."""


@dataclass(eq=False, slots=True)
class Follower:
    """A page that follows a run: where to write, and what it has already."""

    writer: asyncio.StreamWriter
    generation: int
    n_rows: int
    version: int = -1
    """Of the totals it has."""
    beat_s: float = field(default_factory=time.monotonic)
    taken_s: float = field(default_factory=time.monotonic)
    """When it last took all that was written to it."""
    over: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class News:
    """What followers of one position receive next."""

    body: bytes
    n_rows: int
    is_last: bool
    is_more: bool


def parse_position(text: str) -> tuple[int, int]:
    """Return generation and number of rows of ``generation.rows``; of rubbish, of no run."""
    match = re.fullmatch(r"(\d{1,9})\.(\d{1,9})", text)
    return (int(match[1]), int(match[2])) if match else (-1, 0)


class Broadcast:
    """Writes news to every follower, a few times a second.

    Parameters
    ----------
    feed : Feed
    stalled_s : float
        A follower that takes nothing for so long is dropped.
    """

    def __init__(self, feed: Feed, stalled_s: float) -> None:
        self.feed, self.stalled_s = feed, stalled_s
        self.followers: set[Follower] = set()
        self._status: dict[str, Any] = {}
        self._version = 0

    async def run(self) -> None:
        """Write news until this is cancelled."""
        while True:
            is_more = await self.tick()
            await asyncio.sleep(0.01 if is_more else POLL_S)

    async def tick(self) -> bool:
        """Write news to everybody once; return whether somebody is owed more rows."""
        encoded: dict[tuple[int, int, int], News] = {}
        is_more = False
        for place, follower in enumerate(list(self.followers)):
            if place % AT_ONCE == AT_ONCE - 1:
                await asyncio.sleep(0)  # the run's own thread may go on in between
            is_more |= self._write(follower, encoded)
        return is_more

    def _write(self, follower: Follower, encoded: dict[tuple[int, int, int], News]) -> bool:
        now, transport = time.monotonic(), follower.writer.transport
        waiting = transport.get_write_buffer_size()
        if not waiting:
            follower.taken_s = now
        if transport.is_closing() or now - follower.taken_s > self.stalled_s:
            transport.abort()
            follower.over.set()
            return False
        if waiting > MOST_WAITING:
            return False
        position = (follower.generation, follower.n_rows, follower.version)
        if position not in encoded:
            encoded[position] = self.news(*position)
        news = encoded[position]
        if news.body:
            follower.n_rows, follower.version, follower.beat_s = news.n_rows, self._version, now
            follower.writer.write(news.body)
        elif now - follower.beat_s > BEAT_S:
            follower.beat_s = now
            follower.writer.write(b": still here\n\n")
        if news.is_last:
            follower.over.set()
        return news.is_more

    def news(self, generation: int, n_rows: int, version: int = -1) -> News:
        """Return what a follower with so many rows and this version of the totals has not got."""
        latest = self.feed.since(generation, n_rows)
        if latest["again"]:
            return News(_event("again", {}), n_rows, is_last=True, is_more=False)
        if latest["status"] != self._status:
            self._status, self._version = latest["status"], self._version + 1
        body = b""
        if latest["rows"] or version != self._version:
            n_rows += len(latest["rows"])
            content = {"rows": latest["rows"], "status": latest["status"]}
            body = _event("news", content, f"{generation}.{n_rows}")
        if latest["end"] is not None:
            body += _event("end", latest["end"])
        is_more = len(latest["rows"]) == MOST_ROWS
        return News(body, n_rows, latest["end"] is not None, is_more)

    def drop_all(self) -> None:
        """Let every follower go."""
        for follower in list(self.followers):
            follower.over.set()


def _event(name: str, body: dict[str, Any], number: str | None = None) -> bytes:
    text = json.dumps(body, separators=(",", ":"), allow_nan=False)
    head = f"id: {number}\n" if number else ""
    return f"{head}event: {name}\ndata: {text}\n\n".encode()
