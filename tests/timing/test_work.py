"""Work after the answer is found, whoever does it; systems that tell the truth are left alone."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from robotvision import client
from robotvision.config.checks import load_config
from robotvision.data.sequence import ChannelKind, FrameEntry, ImageSequence
from robotvision.experiment.recognisers import Answerer
from robotvision.experiment.run import RunOptions, run
from robotvision.playback.sensor_faults import mirrored
from robotvision.records import Frame
from robotvision.report.summary import report
from robotvision.systems.base import Reply, Session, System
from robotvision.systems.program import Program
from robotvision.tasks import load_task
from robotvision.timing import checks
from robotvision.timing.in_memory_sequence import InMemory, stand_in
from robotvision.timing.measure import TimingOptions, measure
from robotvision.timing.null import Null
from robotvision.timing.work import Rest, Rests, Work, after_answers

BURN = """
import os, select, sys, threading, time
def burn(ms):
    end = time.thread_time() + ms / 1e3
    while time.thread_time() < end:
        pass
"""
HONEST = "burn(4)\n    frame.answer(None)"
PARALLEL = """child = os.fork()
    burn(4)
    if not child:
        os._exit(0)
    os.waitpid(child, 0)
    frame.answer(None)"""
IN_CHILD = "frame.answer(None)\n    if not os.fork():\n        burn(25)\n        os._exit(0)"
IN_THREAD = "frame.answer(None)\n    threading.Thread(target=burn, args=(25,)).start()"
ITSELF = "frame.answer(None)\n    burn(25)"
POLLING = "frame.answer(None)\n    while not select.select([0], [], [], 0)[0]:\n        pass"


def source_of(module: ModuleType) -> str:
    return Path(str(module.__file__)).read_text(encoding="utf-8")


def verdict(system: System, n_frames: int = 6) -> checks.TimingCheck:
    """Return the check of a system that is watched after some answers."""
    sequence = stand_in(n_frames, size=(24, 32))
    try:
        system.start(Session(load_task("rooms").with_rooms(["Kitchen"])))
        rests = after_answers(system, sequence, n_frames=n_frames)
    finally:
        system.close()
    assert len(rests.latencies_ns) == n_frames - 1
    return checks.after_the_answer(Work(), rests, 2)


@pytest.mark.parametrize(
    ("answering", "ok"),
    [(HONEST, True), (PARALLEL, True), (IN_CHILD, False), (IN_THREAD, False), (ITSELF, False)],
    ids=["honest", "two processes", "child", "thread", "itself"],
)
def test_what_a_program_does_after_its_answer_is_seen(
    tmp_path: Path, answering: str, ok: bool
) -> None:
    """In a child of its own, in a thread or itself; what it does before it answers is its right."""
    path = tmp_path / "program.py"
    text = f"{source_of(client)}\n{BURN}\nfor frame in Client():\n    {answering}\n"
    path.write_text(text, encoding="utf-8")
    found = verdict(Program([sys.executable, str(path)]))
    assert found.ok is ok, found.message
    if not ok:
        assert "the latency does not hold all of its work" in found.message


def test_a_program_that_waits_by_polling_is_not_accused(tmp_path: Path) -> None:
    """It keeps a processor busy without end: that may be waiting or work, and the check says so."""
    path = tmp_path / "program.py"
    text = f"{source_of(client)}\n{BURN}\nfor frame in Client():\n    {POLLING}\n"
    path.write_text(text, encoding="utf-8")
    found = verdict(Program([sys.executable, str(path)]), 3)
    assert found.ok is None
    assert "keeps a processor busy between frames" in found.message


class InThread(Null):
    """Computes in a thread of its own: before it answers, or after."""

    def __init__(self, is_honest: bool) -> None:
        self.is_honest = is_honest

    def answer(self, frame: Frame) -> Reply:
        thread = threading.Thread(target=self.burn)
        thread.start()
        if self.is_honest:
            thread.join()
        return self._reply

    @staticmethod
    def burn() -> None:
        end = time.thread_time() + 0.1  # long beside what a busy machine keeps the harness waiting
        while time.thread_time() < end:
            pass


@pytest.mark.parametrize("is_honest", [True, False])
def test_what_a_system_in_process_does_in_a_thread_is_seen(is_honest: bool) -> None:
    """The harness's own threads are not taken for the system's."""
    found = verdict(InThread(is_honest))
    assert found.ok is is_honest, found.message


def test_threads_that_may_only_wait_are_not_accused() -> None:
    """OpenMP's and OpenBLAS's threads spin for a while: the check cannot tell, and says how to."""
    spinning = Rests(work_ns=1_000, waiting_ns=9_000_000, latencies_ns=(5_000_000,) * 9)
    found = checks.after_the_answer(Work(), spinning, 2)
    assert found.ok is None
    assert "OMP_WAIT_POLICY=passive" in found.message
    assert checks.after_the_answer(Work(), Rests(), 2).ok is None
    mean = Rests.of([Rest(4, 0, True), Rest(2, 2, False)], [7, 9, 11])
    assert (mean.work_ns, mean.waiting_ns, mean.is_restless) == (3, 1, False)
    assert mean.interval_ns == 9


class Later(Null):
    """Answers at once and lets a child compute for 40 ms."""

    code = """import os, time
while os.read(0, 1):
    end = time.process_time() + 0.04
    while time.process_time() < end:
        pass
"""

    def start(self, session: Session) -> None:
        self.child = subprocess.Popen([sys.executable, "-c", self.code], stdin=subprocess.PIPE)

    def answer(self, frame: Frame) -> Reply:
        assert self.child.stdin is not None
        os.write(self.child.stdin.fileno(), b"x")
        return self._reply

    def close(self) -> None:
        self.child.kill()
        self.child.communicate()


@pytest.mark.parametrize("is_honest", [True, False])
def test_a_run_tells_of_work_that_its_intervals_cannot_hold(
    config: Callable[..., Path], is_honest: bool
) -> None:
    """Under a running clock there is time for it between frames; and the report says so."""
    experiment = load_config(config(replay="{clock: wall, rate_hz: 25, policy: queue}"))
    system = Null() if is_honest else Later()
    result = run(
        experiment,
        None,
        recognisers=lambda prepared, part: Answerer(system),
        options=RunOptions(null_frames=0),
    )
    data = report(result)
    codes = [w["code"] for w in data["warnings"]]
    assert ("work-after-answer" in codes) is not is_honest
    assert data["processor"]["frames"] == 17  # but for the first, whose reset came before it
    if not is_honest:
        assert data["processor"]["system_ns"] > 17 * 20_000_000


def test_processors_bound_what_fits_into_the_intervals() -> None:
    """Two threads may take twice the interval; what cannot be told from rounding is let be."""
    work = Work(frames=100, interval_ns=10**9, answering_ns=10**9, others_ns=10**9)
    assert not work.exceeds(2)
    assert work.system_ns == 2 * 10**9
    work += Work(frames=100, interval_ns=10**9, others_ns=5 * 10**9)
    assert work.exceeds(2)
    assert not work.exceeds(4)


class Remembers(Null):
    """Keeps what it has seen, by content."""

    def __init__(self) -> None:
        self.seen: set[bytes] = set()

    def answer(self, frame: Frame) -> Reply:
        content = frame["rgb"].tobytes()
        time.sleep(0.0002 if content in self.seen else 0.002)
        self.seen.add(content)
        return self._reply


def test_a_cache_by_content_is_found_however_long_the_warm_up() -> None:
    """The warm-up shows the sequence mirrored: no timed frame was seen in it."""
    sequence = stand_in(12, size=(8, 12), n_pictures=12)
    options = TimingOptions(n_passes=3, warm_up=30)
    found = checks.seen_before(measure(Remembers(), sequence, options))
    assert found.ok is False
    assert "a cache?" in found.message
    assert checks.seen_before(measure(Null(), sequence, options)).ok
    once = checks.seen_before(measure(Remembers(), sequence, TimingOptions(n_passes=1)))
    assert once.ok
    assert "no frame was timed twice" in once.message


def test_a_mirrored_sequence_has_the_like_of_its_images() -> None:
    """Columns in reverse order, points on the other side; frames, times and truth as they were."""
    image = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    points = np.array([[1.0, 2.0, 3.0]], np.float32)
    sources = {"rgb": InMemory(image), "points": InMemory(points)}
    kinds = {"rgb": ChannelKind.COLOR, "points": ChannelKind.POINTS}
    sequence = ImageSequence("s", Path("s"), "memory", kinds, (FrameEntry(3, 5, sources),), 10.0)
    frame = mirrored(sequence).load(0)
    assert (frame.index, frame.timestamp_ns) == (3, 5)
    assert np.array_equal(frame["rgb"], image[:, ::-1])
    assert np.array_equal(frame["points"], [[-1, 2, 3]])
    assert mirrored(sequence).digest(0) != sequence.digest(0)
