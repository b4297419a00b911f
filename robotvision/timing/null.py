"""The null system: what is left of a figure when the system does nothing.

It answers at once, in process, on images in memory. Its latency is what the harness adds inside
the timed interval; its cycle is what a frame costs besides the system and its pixels.
"""

from __future__ import annotations

from typing import Any

from robotvision.records import SILENCE, Frame
from robotvision.systems.base import Reply, System
from robotvision.timing.in_memory_sequence import stand_in
from robotvision.timing.measure import Timed, TimingOptions, measure


class Null(System):
    """Answers nothing, at once: what is left is the harness's own time."""

    name = "null"
    has_memory = False
    _reply = Reply(SILENCE, {})

    def answer(self, frame: Frame) -> Reply:
        """Return silence."""
        return self._reply


def null_run(n_frames: int = 700) -> Timed:
    """Return the timing of the null system over ``n_frames`` frames."""
    sequence = stand_in(n_frames, size=(8, 8))
    return measure(Null(), sequence, TimingOptions(n_passes=1, warm_up=50, max_s=10.0))


def null_figures(n_frames: int = 700) -> dict[str, Any]:
    """Return the null system's latency and cycle as plain data, for beside a result."""
    table = null_run(n_frames).table({"p50": 0.5, "p90": 0.9, "p99": 0.99})
    return {k: table[k] for k in ("total", "log", "cycle") if k in table}
