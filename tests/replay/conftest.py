"""Runs made by hand: logs, sleeping systems, tours in memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from robotvision.records import Answer, Frame, TimedAnswer, Truth
from robotvision.runs.log import FrameRecord, RunRecord, SequenceRecord
from robotvision.systems.base import Reply, Session, View
from robotvision.tasks import load_task

MS = 1_000_000
ROOMS = ("A", "B", "C")


class Knowing:
    """A system that knows every answer, and takes its time over it."""

    name = "knowing"
    isolation = "none"
    has_memory = False

    def __init__(self, rooms: Sequence[str | None], latency_ns: int = 0) -> None:
        self.rooms, self.latency_ns = rooms, latency_ns
        self.asked: list[int] = []

    def start(self, session: Session) -> None:
        """Do nothing."""

    def reset(self, view: View) -> None:
        """Do nothing."""

    def answer(self, frame: Frame) -> Reply:
        """Answer with the room of the frame's number."""
        self.asked.append(frame.index)
        if self.latency_ns:
            time.sleep(self.latency_ns / 1e9)
        return Reply(Answer(self.rooms[frame.index]), {})

    def close(self) -> None:
        """Do nothing."""


@pytest.fixture
def knowing() -> type[Knowing]:
    """Return the class of systems that know."""
    return Knowing


Log = Callable[..., RunRecord]


def asap_log(
    latencies: Sequence[int | None],
    truths: Sequence[str | None],
    answers: Sequence[str | None] | None = None,
    timestamps: Sequence[int] | None = None,
    faults: Sequence[str | None] | None = None,
) -> RunRecord:
    """Return the log of a run as fast as possible; latency None: the frame could not be read."""
    n = len(latencies)
    answers = truths if answers is None else answers
    timestamps = [int(i * 10**9 / 30) for i in range(n)] if timestamps is None else timestamps
    faults = [None] * n if faults is None else faults
    task = load_task("rooms").with_rooms({*ROOMS, *(t for t in truths if t)})
    frames, now = [], 0
    for i, latency in enumerate(latencies):
        fault = "cannot be read" if latency is None else faults[i]
        answer = None if fault else Answer(answers[i])
        begun = None if latency is None else now
        done = None if latency is None else now + latency
        timed = TimedAnswer(i, answer, now, begun, done, {}, fault)
        truth = truths[i]
        frames.append(FrameRecord(timestamps[i], 0, timed, None if truth is None else Truth(truth)))
        now = done or now
    about = {
        "schema": 1, "task": task.model_dump(mode="json"), "mode": "obligatory", "clock": "asap",
        "policy": {"name": "offline", "backlog": "queue", "late": "own"},
        "system": {"name": "made by hand"},
    }  # fmt: skip
    sequence = SequenceRecord({"set": "test", "name": "tour", "frames": n}, frames)
    return RunRecord(Path("run.jsonl"), about, [sequence], True)


@pytest.fixture
def log() -> Log:
    """Return the function that makes a log."""
    return asap_log
