"""A function of one's own as a system: an image in, a room or probabilities out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from time import perf_counter_ns
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.errors import SystemFault
from robotvision.recogniser.decision import Decision
from robotvision.records import SILENCE, Answer, Frame
from robotvision.systems.base import Reply, System, View
from robotvision.tasks.model import Task


class FunctionSystem(System):
    """Ask a function for each frame.

    Parameters
    ----------
    function : callable
        Takes the image of ``channel``, (H, W, 3) uint8 or (H, W) uint16, or the whole `Frame`
        where ``channel`` is None. Returns a room's label, None (no answer), an `Answer`, a mapping
        from rooms to probabilities, or an array of probabilities in the order of ``rooms``.
    rooms : sequence of str
        The rooms that an array of probabilities stands for.
    decision : Decision
        Answers or abstains, given probabilities.
    task : Task
        Its labels may be answered, and its objects stated.
    channel : str or None
        The channel it reads.
    """

    isolation = "none: the function runs in the harness's own process"
    has_memory = True

    def __init__(
        self,
        function: Callable[[Any], Any],
        decision: Decision,
        task: Task,
        channel: str | None = "rgb",
    ) -> None:
        self.function, self.decision, self.task = function, decision, task
        self.labels, self.objects = frozenset(task.labels), frozenset(task.objects)
        self.channel = channel
        self.channels = None if channel is None else (channel,)
        self.name = getattr(function, "__name__", type(function).__name__)

    def reset(self, view: View) -> None:
        """Begin a sequence. Raises SystemFault where it lacks the channel."""
        if self.channel is not None and self.channel not in view.channels:
            have = ", ".join(view.channels) or "none"
            raise SystemFault(
                f"{self.name} reads the channel {self.channel!r}, which this sequence does not "
                f"have (it has: {have})"
            )

    def answer(self, frame: Frame) -> Reply:
        """Answer one frame. Raises SystemFault for whatever the function raises."""
        begun = perf_counter_ns()
        try:
            given = self.function(frame if self.channel is None else frame.images[self.channel])
            answer = self._answer(given)
        except SystemFault:
            raise
        except Exception as e:  # a function of the user's may raise anything: a FAILED frame
            raise SystemFault(f"{type(e).__name__}: {e}") from e
        return Reply(answer, {self.name: perf_counter_ns() - begun})

    def _answer(self, given: Any) -> Answer:
        if given is None:
            return SILENCE
        if isinstance(given, Answer | str):
            answer = given if isinstance(given, Answer) else Answer(str(given))
            if answer.room is not None and answer.room not in self.labels:
                hint = self.task.room_matcher.hint(answer.room)
                raise SystemFault(f"the answer {answer.room!r} is none of the task's labels{hint}")
            if strange := [o for o in answer.objects if o not in self.objects]:
                hint = self.task.object_matcher.hint(strange[0])
                raise SystemFault(f"the object {strange[0]!r} is none of the task's{hint}")
            return answer
        return self.decision.decide(self._probabilities(given))

    def _probabilities(self, given: Any) -> NDArray[np.float64]:
        rooms = self.decision.classes
        if isinstance(given, Mapping):
            strange = [str(room) for room in given if room not in rooms]
            if strange:
                raise SystemFault(f"probabilities of rooms that the task lacks: {strange[0]!r}")
            given = [given.get(room, 0.0) for room in rooms]
        values = np.asarray(given, dtype=np.float64).reshape(-1)
        if len(values) != len(rooms):
            raise SystemFault(
                f"expected a room, None or {len(rooms)} probabilities (of {', '.join(rooms)}), "
                f"got {len(values)} numbers"
            )
        total = values.sum()
        if not (np.isfinite(values).all() and (values >= 0).all() and total > 0):
            raise SystemFault("expected probabilities of at least 0 that sum to 1")
        shares: NDArray[np.float64] = values / total
        return shares
