#!/usr/bin/env python3
"""Whether the wall clock takes the frames that virtual time says, over the six latencies in full.

A sleeping system of 40 to 105 ms is shown 300 frames at 30 a second (10 s each, a minute in all).
Virtual time is given the latencies as measured; both must agree to one frame. Beside it: what exact
arithmetic gives for the nominal latency, and what a real camera and system were measured to take.
Run it on a machine that does nothing else.
"""

from __future__ import annotations

import sys
import time
from typing import Any

from robotvision.playback.player import Replay, play
from robotvision.playback.schedule import due_times, schedule
from robotvision.records import SILENCE, Frame
from robotvision.scoring.policy import named_policy
from robotvision.systems.base import Reply
from robotvision.timing.in_memory_sequence import stand_in
from robotvision.timing.null import Null

MEASURED = {40: 247, 60: 165, 65: 153, 70: 142, 99: 101, 105: 95}
FRAMES = 300


class Sleeping(Null):
    """Sleeps, then is silent."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def answer(self, frame: Frame) -> Reply:
        """Sleep."""
        time.sleep(self.seconds)
        return Reply(SILENCE, {})


def taken(started: Any) -> int:
    return sum(s is not None and s < FRAMES * 10**9 // 30 for s in started)


def main() -> int:
    due = due_times(range(FRAMES), 30.0)
    worst = 0
    print("latency   wall  virtual, as measured  virtual, exact  measured elsewhere")
    for ms, elsewhere in MEASURED.items():
        replay = Replay(named_policy("streaming"), "wall")
        records = list(play(stand_in(FRAMES, size=(8, 8)), Sleeping(ms / 1e3), replay))
        timed = [r.timed for r in records]
        wall = taken(t.started_ns for t in timed)
        latency = [t.latency_ns or ms * 1_000_000 for t in timed]
        virtual = taken(schedule(due, latency, "newest")[0])
        exact = taken(schedule(due, [ms * 1_000_000] * FRAMES, "newest")[0])
        worst = max(worst, abs(wall - virtual))
        print(f"{ms:4} ms {wall:7} {virtual:21} {exact:15} {elsewhere:19}", flush=True)
    print(f"largest difference between wall and virtual time: {worst} frames")
    return 0 if worst <= 1 else 1


if __name__ == "__main__":
    sys.exit(main())
