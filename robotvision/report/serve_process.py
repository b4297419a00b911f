"""The page of a run, served by a process of its own, so that its viewers cost the replay no time.

Python runs one thread at a time: fifty viewers served by the run's own process make frames late by
tenths of a millisecond (``scripts/bench_serve.py``). So the run's thread writes what is new into a
pipe, a few times a second and between two frames; it never waits for the other end.
"""

from __future__ import annotations

import os
import pickle  # nosec B403
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO, Self

from robotvision.experiment.progress import Observer
from robotvision.records import FrameRecord, ScoredAnswer
from robotvision.report.feed import Feed
from robotvision.report.local_server import address_of, listen
from robotvision.report.serve import Server
from robotvision.scoring.tally import Tally

if TYPE_CHECKING:  # it brings scikit-learn, which a program's run does without
    from robotvision.recogniser.training import Training

SEND_EVERY_S = 0.1
"""A frame that comes sooner after the last one sent is shown together with the next."""
ENDING_S = 3.0
"""After the run's end: how long followers may take to receive it."""
KINDER = 5
"""By so much the server is nicer to other processes than the run."""


class ServerProcess(Observer):
    """Serves the page of a run from another process, until it is closed. A context manager.

    As an observer it comes after the feed: what that has kept it sends.

    Parameters
    ----------
    feed : Feed
        What is served.
    port : int
        0: any free one.

    Raises
    ------
    RobotVisionError
        The port is taken or not allowed.
    """

    def __init__(self, feed: Feed, port: int = 0) -> None:
        self.feed = feed
        self._socket = listen(port)
        self.port = int(self._socket.getsockname()[1])
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe = -1
        self._waiting = bytearray()
        self._generation, self._n_rows, self._sent_s = feed.generation, 0, 0.0

    @property
    def address(self) -> str:
        """Where the page is."""
        return address_of(self.port)

    def __enter__(self) -> Self:
        number = self._socket.fileno()
        self._process = subprocess.Popen(
            [sys.executable, "-c", f"from {__name__} import work; work()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(number,),
        )
        self._socket.close()  # the other process has it
        if self._process.stdin is None:
            raise AssertionError("stdin is a pipe")
        self._pipe = self._process.stdin.fileno()
        os.set_blocking(self._pipe, False)
        self._generation, self._n_rows = -1, 0  # a copy that has nothing
        self._put((sys.path, self.feed.folder, number))
        self.send()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        """Let followers have the end; the process goes with the pipe."""
        if self._process is None or self._process.stdin is None or self._process.stdout is None:
            return
        self.send_all()
        self._process.stdin.close()
        try:
            self._process.wait(2 * ENDING_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def step(self, what: str, done: int, total: int) -> None:
        """Send progress before the replay."""
        self._send_soon()

    def trained(self, part: str, training: Training) -> None:
        """Send what was trained on."""
        self.send()

    def sequence(self, name: str, n_frames: int) -> None:
        """Send that a sequence begins."""
        self.send()

    def frame(self, record: FrameRecord, scored: ScoredAnswer, tally: Tally) -> None:
        """Send frames, a few times a second and with the last of a sequence."""
        here = self.feed.sequences[-1]
        if len(here.indices) >= here.n_frames:
            self.send()
        else:
            self._send_soon()

    def _send_soon(self) -> None:
        if time.monotonic() - self._sent_s > SEND_EVERY_S:
            self.send()

    def send(self) -> None:
        """Send all that is new, or as much as the pipe takes without waiting."""
        self._sent_s = time.monotonic()
        change = self.feed.change(self._generation, self._n_rows)
        self._generation, self._n_rows = change.generation, self._n_rows + len(change.rows)
        self._put(change)

    def send_all(self) -> None:
        """Send all that is new, and wait until the end of the run is there, if it has one."""
        self.send()
        until = time.monotonic() + ENDING_S
        while self._waiting and time.monotonic() < until:
            select.select([], [self._pipe], [], 0.1)
            self._push()
        stdout = self._process.stdout if self._process is not None else None
        if self.feed.end is not None and stdout is not None:
            select.select([stdout], [], [], max(0.0, until - time.monotonic()))

    def _put(self, message: Any) -> None:
        self._waiting += pickle.dumps(message)
        self._push()

    def _push(self) -> None:
        try:
            while self._waiting:
                del self._waiting[: os.write(self._pipe, self._waiting)]
        except BlockingIOError:
            pass  # it goes with what comes next
        except BrokenPipeError:
            self._waiting.clear()  # the server was killed: the run goes on without a page


def work() -> None:
    """Serve the run that is written to stdin, until that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the run's, which tells us the end
    _be_kind()
    # our own parent writes this pipe # nosec B301
    path, folder, number = pickle.load(sys.stdin.buffer)  # nosec B301
    sys.path[:] = path
    serve(folder, socket.socket(fileno=number), sys.stdin.buffer)


def _be_kind() -> None:
    """Let the run go first, and do not be real-time where the run is (``chrt``)."""
    if sys.platform == "linux" and os.sched_getscheduler(0) in (os.SCHED_FIFO, os.SCHED_RR):
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    os.nice(KINDER)


def serve(folder: Path, listening: socket.socket, changes: BinaryIO) -> None:
    """Serve a copy of a feed that pickled changes make, until they end."""
    feed = Feed(folder)
    with Server(feed, listening) as server:
        try:
            while True:
                # our own parent writes this pipe # nosec B301
                feed.take(pickle.load(changes))  # nosec B301
                if feed.end is not None:
                    os.write(sys.stdout.fileno(), b"\n")
        except (
            EOFError,
            pickle.UnpicklingError,
            BrokenPipeError,
        ):  # the run is over, or was killed
            if feed.end is None:
                feed.over("The run's process is gone: it was killed.", is_failed=True)
        server.flush(ENDING_S)
