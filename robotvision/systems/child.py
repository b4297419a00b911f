"""A running program: lines to and from it with a time limit, whatever else it prints logged.

Writing never blocks for good: while the program does not read, its output is read, so that neither
side waits for the other; and time runs out.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import subprocess
import sys
import termios
import threading
from collections import deque
from collections.abc import Sequence
from time import monotonic_ns

from robotvision.errors import SystemFault
from robotvision.systems.bounds import MAX_FRAME_BYTES, MAX_FRAME_LINES, MAX_LINE
from robotvision.systems.launch import Launched
from robotvision.systems.programlog import ProgramLog
from robotvision.systems.wire import MARK

_CHUNK = 1 << 16
_PIPE_BYTES = 1 << 20
_ENDING_S = 0.5
"""A program that ends closes its pipes first: so long to distinguish that from running on."""
KILLED = "was killed"


class ProgramEnded(SystemFault):
    """The program ended, or closed a pipe it is spoken to by."""


class TimedOut(SystemFault):
    """The program did not do in time what was asked."""


class Flooded(SystemFault):
    """The program wrote more control lines than it may for one frame."""


class Child:
    """The pipes of one running program.

    Parameters
    ----------
    launched : Launched
        Just started.
    log : ProgramLog
        Where everything it prints goes that is no control line.
    """

    def __init__(self, launched: Launched, log: ProgramLog) -> None:
        self.launched = launched
        self.log = log
        process = launched.process
        pipes = [f for f in (process.stdin, process.stdout, process.stderr) if f is not None]
        self._in, self._out, self._err = (f.fileno() for f in pipes)
        for fd in (self._in, self._out, self._err):
            os.set_blocking(fd, False)
            with contextlib.suppress(OSError):  # the user's quota of pipe memory: only slower
                fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._exit = os.pidfd_open(process.pid)
        self._stop = os.eventfd(0, os.EFD_CLOEXEC)
        self._reading = select.poll()
        self._reading.register(self._out, select.POLLIN)
        self._reading.register(self._exit, select.POLLIN)
        self._reading.register(self._in, 0)  # reported only when the program closes its end
        self._writing = select.poll()
        for fd, events in (
            (self._in, select.POLLOUT),
            (self._out, select.POLLIN),
            (self._exit, select.POLLIN),
        ):
            self._writing.register(fd, events)
        self._lines: deque[bytes] = deque()
        self._n_lines = self._n_bytes = 0
        self._partial = b""
        self._mid_line = False
        self._is_over = False
        self._drain = threading.Thread(target=self._keep_stderr, daemon=True)
        self._drain.start()

    def send(self, parts: Sequence[bytes | memoryview], until_ns: int) -> None:
        """Write ``parts`` one after the other.

        Raises
        ------
        ProgramEnded, TimedOut
            The program is gone or has closed its stdin; it does not read.
        """
        for part in parts:
            rest = memoryview(part)
            while rest:
                try:
                    rest = rest[os.write(self._in, rest) :]
                except BlockingIOError:
                    self._wait(self._writing, until_ns)
                except BrokenPipeError as e:
                    raise ProgramEnded(self._how_it_ended("closed its stdin")) from e

    def begin_frame(self) -> None:
        """Let the program write as much again as it may for one frame."""
        self._n_lines = self._n_bytes = 0
        self.log.begin_frame()

    def line(self, until_ns: int) -> bytes:
        """Return the next control line, without its line end.

        Raises
        ------
        ProgramEnded, TimedOut, Flooded
        """
        while not self._lines:
            if self._is_over:
                raise ProgramEnded(self._how_it_ended("closed its stdout"))
            self._wait(self._reading, until_ns)
        return self._lines.popleft()

    def unread(self) -> int:
        """Return how many bytes of what was sent the program has not read."""
        return int.from_bytes(fcntl.ioctl(self._in, termios.FIONREAD, b"\0\0\0\0"), sys.byteorder)

    def pending(self) -> list[bytes]:
        """Return the control lines that have come by now, without waiting. Raises Flooded."""
        self._read()
        lines = list(self._lines)
        self._lines.clear()
        return lines

    def end(self, patience_s: float = 0.0) -> str:
        """Close its stdin, wait for it as long as ``patience_s``, kill it; return how it ended."""
        process = self.launched.process
        if process.stdin is not None:
            self._reading.unregister(self._in)
            with contextlib.suppress(OSError):
                process.stdin.close()
        end_ns = monotonic_ns() + int(patience_s * 1e9)
        while patience_s and not self._is_over and process.poll() is None:
            try:
                self._wait(self._reading, end_ns)
            except (TimedOut, ProgramEnded, Flooded):
                break
        if patience_s and self._is_over:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, (end_ns - monotonic_ns()) / 1e9))
        by_itself = process.poll()
        self.launched.end()
        with contextlib.suppress(Flooded):  # what is left of a flood goes with its pipe
            self._read()
        os.eventfd_write(self._stop, 1)
        self._drain.join()
        for fd in (self._exit, self._stop):
            os.close(fd)
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
        return KILLED if by_itself is None else self._status(by_itself)

    def _wait(self, poll: select.poll, until_ns: int) -> None:
        """Wait until something can be read or written; read what has come."""
        left_ns = until_ns - monotonic_ns()
        if left_ns <= 0:
            raise TimedOut("time is up")
        events = poll.poll(left_ns / 1e6)
        if not events:
            raise TimedOut("time is up")
        for fd, _ in events:
            if fd == self._out:
                self._read()
            elif fd == self._exit:
                self._read()
                if not self._lines:
                    raise ProgramEnded(self._how_it_ended(""))
            elif poll is self._reading:
                self._read()
                if not self._lines:
                    raise ProgramEnded(self._how_it_ended("closed its stdin"))

    def _read(self) -> None:
        """Take in what the program wrote until there is no more, at most 16 MiB at a time.

        Raises
        ------
        Flooded
            Nothing more is read for this frame: neither time nor memory is spent on a flood.
        """
        for _ in range(256):
            if self._is_over:
                return
            if self._n_lines > MAX_FRAME_LINES or self._n_bytes > MAX_FRAME_BYTES:
                raise Flooded(
                    f"more control lines than {MAX_FRAME_LINES}, or than {MAX_FRAME_BYTES >> 20} "
                    "MiB of them, for one frame; answer each frame with one line"
                )
            try:
                data = os.read(self._out, _CHUNK)
            except BlockingIOError:
                return
            if not data:
                self._is_over = True
                self._reading.unregister(self._out)
                self._writing.unregister(self._out)
                return
            self._take(data)
            if len(data) < _CHUNK and self._lines:
                return

    def _take(self, data: bytes) -> None:
        """Sort output into control lines and the program's log."""
        if self._partial:
            data = self._partial + data
            self._partial = b""
        at = 0
        if self._mid_line:
            at = data.find(b"\n") + 1
            self.log.write(data[:at] or data)
            if not at:
                return
            self._mid_line = False
        while at < len(data):
            if data.startswith(MARK, at):
                end = data.find(b"\n", at)
                if end < 0:
                    break
                self._n_lines += 1
                self._n_bytes += end - at
                if self._n_lines > MAX_FRAME_LINES:
                    return
                self._lines.append(data[at:end].rstrip(b"\r"))
                at = end + 1
                continue
            mark = data.find(b"\n" + MARK, at)
            end = mark + 1 if mark >= 0 else data.rfind(b"\n", at) + 1
            if end <= at:
                break
            text = data[at:end]
            if text.strip():
                self.log.write(text)
            at = end
        self._keep_partial(data[at:])

    def _keep_partial(self, rest: bytes) -> None:
        if len(rest) <= (MAX_LINE if rest.startswith(MARK) else _CHUNK):
            self._partial = rest
            return
        if rest.startswith(MARK):
            self._n_lines += 1
            self._n_bytes += len(rest)
            self._lines.append(rest)
        self.log.write(rest[:_CHUNK])
        self._mid_line = True

    def _keep_stderr(self) -> None:
        poll = select.poll()
        poll.register(self._err, select.POLLIN)
        poll.register(self._stop, select.POLLIN)
        stopping = False
        while True:
            stopping = stopping or any(fd == self._stop for fd, _ in poll.poll())
            try:
                data = os.read(self._err, _CHUNK)
            except BlockingIOError:
                if stopping:
                    return
                continue
            if not data:
                return
            self.log.write(data)

    def _how_it_ended(self, otherwise: str) -> str:
        """Return how the program ended, with its last words; ``otherwise`` where it still runs."""
        try:
            status = self.launched.process.wait(_ENDING_S)
        except subprocess.TimeoutExpired:
            return otherwise
        self._drain.join(0.2)
        words = self.log.last_words()
        return self._status(status) + (f"; its last words: {words!r}" if words else "")

    def _status(self, status: int) -> str:
        number = -status if status < 0 else status - 128 if 128 < status < 193 else 0
        if not number:
            return f"ended with exit status {status}"
        try:
            name = signal.Signals(number).name
        except ValueError:
            name = f"signal {number}"
        why = _WHY.get(name, "")
        if name == "SIGKILL" and self.launched.group.ran_out_of_memory():
            why = " (out of the memory it may use: raise limits.memory_mb or use less)"
        return f"was ended by {name}{why}"


_WHY = {
    "SIGSEGV": " (it touched memory that is not its own)",
    "SIGABRT": " (it gave up by itself: a failed assertion, or memory)",
    "SIGXCPU": " (it used up limits.cpu_s)",
    "SIGXFSZ": " (it wrote more than limits.file_mb)",
}
