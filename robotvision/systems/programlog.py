"""The log of what a program prints: its beginning and its end, never more than a bound."""

from __future__ import annotations

import threading
from pathlib import Path

from robotvision.errors import not_writable
from robotvision.systems.bounds import MAX_FRAME_LOG, plain

DEFAULT_LIMIT = 1 << 20
_TAIL = 16 << 10


class ProgramLog:
    """The log of one program over all its starts, safe to write from two threads.

    Parameters
    ----------
    path : Path or None
        Its file; None: only the last 16 KiB are held, in memory.
    limit : int
        Bytes written at most from the front; what comes after is counted, and its end is added
        when the log is closed.

    Attributes
    ----------
    problem : str or None
        Why the file could not be written, in words; what came after is not in it.

    Raises
    ------
    RobotVisionError
        The file cannot be written.
    """

    def __init__(self, path: Path | None = None, limit: int = DEFAULT_LIMIT) -> None:
        self.path = path
        self.limit = limit
        self.cut = 0
        self.problem: str | None = None
        self._lock = threading.Lock()
        self._tail = bytearray()
        self._written = 0
        self._frame_bytes: int | None = None
        self._frame_cut = 0
        self._file = None
        if path is not None:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._file = open(path, "ab", buffering=0)  # noqa: SIM115 - close() closes it
            except OSError as e:
                raise not_writable(path, e) from e

    def begin_frame(self) -> None:
        """Let the program print as much again as is kept of one frame."""
        if self._frame_bytes == 0:  # nothing was printed: the common case
            return
        with self._lock:
            self._note_cut()
            self._frame_bytes = 0

    def write(self, data: bytes) -> None:
        """Write what the program printed."""
        with self._lock:
            self._remember(data)
            if self._frame_bytes is not None and self._file is not None:
                allowed = max(0, MAX_FRAME_LOG - self._frame_bytes)
                self._frame_cut += max(0, len(data) - allowed)
                data = data[:allowed]
                self._frame_bytes += len(data)
            self._keep(data)

    def _note_cut(self) -> None:
        if self._frame_cut:
            self._keep(
                f"\n[robotvision] {self._frame_cut} bytes more of this frame were cut here (a "
                f"frame's log is full at {MAX_FRAME_LOG})\n".encode()
            )
        self._frame_cut = 0

    def _remember(self, data: bytes) -> None:
        self._tail += data[-_TAIL:]
        del self._tail[:-_TAIL]

    def _keep(self, data: bytes) -> None:
        if self._file is None:
            return
        room = 0 if self.problem else max(0, self.limit - self._written)
        written = self._put(data[:room]) if room else 0
        self._written += written
        self.cut += len(data) - written

    def _put(self, data: bytes) -> int:
        """Write what fits; a full disk costs the rest of the log, never the run."""
        assert self._file is not None
        assert self.path is not None
        written = 0
        try:
            while written < len(data):
                written += self._file.write(data[written:]) or 0
        except OSError as e:
            self.problem = str(not_writable(self.path, e))
        return written

    def note(self, text: str) -> None:
        """Write a line of the harness's own: a start, a fault."""
        data = f"[robotvision] {plain(text)}\n".encode()
        with self._lock:
            self._remember(data)
            self._keep(data)

    def tail(self) -> str:
        """Return the last 16 KiB as text."""
        with self._lock:
            return self._tail.decode(errors="replace")

    def last_words(self) -> str:
        """Return the last line printed since the last start, shortened; empty where none was."""
        for raw in reversed(self.tail().splitlines()):
            text = raw.strip()
            if text.startswith("[robotvision] started"):
                break
            if text and not text.startswith("[robotvision] "):
                return text[:200]
        return ""

    def close(self) -> None:
        """Note what was cut, add the end of it, and close the file; may be called twice."""
        with self._lock:
            if self._file is None:
                return
            self._note_cut()
            if self.cut:
                end = bytes(self._tail[-min(self.cut, _TAIL) :])
                lost = self.cut - len(end)
                why = self.problem or f"the log is full ({self.limit} bytes)"
                self._put(f"\n[robotvision] {why}: {lost} bytes were cut here\n".encode() + end)
            self._file.close()
            self._file = None
