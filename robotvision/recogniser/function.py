"""A function or a network as a system: an image in, a room or probabilities out."""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter_ns
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from robotvision.errors import RobotVisionError, SystemFault, near, shortened
from robotvision.plugins.failure import failure
from robotvision.recogniser.decision import Decision
from robotvision.records import SILENCE, Answer, Frame
from robotvision.systems.base import Reply, System, View
from robotvision.systems.image_function import ImageFunction
from robotvision.tasks.model import Task


class FunctionSystem(System):
    """Ask a function for each frame.

    Parameters
    ----------
    function : ImageFunction
        What is asked.
    task : Task
        With its rooms settled: its labels may be answered, and its objects stated.
    abstain, unknown
        As for `robotvision.recogniser.decision.Decision`, given probabilities.

    Raises
    ------
    RobotVisionError
        The function's probabilities stand for a room that the task does not have.
    """

    isolation = "none: the function runs in the harness's own process"
    has_memory = True

    def __init__(
        self,
        function: ImageFunction,
        task: Task,
        abstain: Literal["auto", "never"] | float = "auto",
        unknown: float | None = None,
    ) -> None:
        require_rooms(function, task)
        self.function, self.task = function, task
        rooms = list(function.rooms or task.room_names)
        self.decision = Decision(task, rooms, abstain, unknown)
        self.labels, self.objects = frozenset(task.labels), frozenset(task.objects)
        self.channel = channel = function.channel
        self.channels = None if channel is None else (channel,)
        self.name = function.name

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
            image = frame if self.channel is None else frame.images[self.channel]
            given = self.function.call(image)
        except Exception as e:  # a function of the user's may raise anything: a FAILED frame
            is_ours = isinstance(e, RobotVisionError)  # told by the line that defines it
            name = self.function.place if is_ours else self.name
            raise SystemFault(str(failure(self.function.origin, "", e, name))) from e
        try:
            answer = self._answer(given)
        except (TypeError, ValueError) as e:
            raise SystemFault(f"{self.function.place} gave {_shown(given)}: {e}") from e
        return Reply(answer, {self.name: perf_counter_ns() - begun})

    def _answer(self, given: Any) -> Answer:
        if given is None:
            return SILENCE
        if isinstance(given, Answer | str):
            answer = given if isinstance(given, Answer) else Answer(str(given))
            if answer.room is not None and answer.room not in self.labels:
                hint = self.task.room_matcher.hint(answer.room)
                raise ValueError(f"{answer.room!r} is none of the task's labels{hint}")
            if strange := [o for o in answer.objects if o not in self.objects]:
                hint = self.task.object_matcher.hint(strange[0])
                raise ValueError(f"the object {strange[0]!r} is none of the task's{hint}")
            return answer
        return self.decision.decide(self._probabilities(given))

    def _probabilities(self, given: Any) -> NDArray[np.float64]:
        """Return what was given as probabilities of the rooms. Raises ValueError, TypeError."""
        rooms = self.decision.classes
        if isinstance(given, Mapping):
            strange = [str(room) for room in given if room not in rooms]
            if strange:
                raise ValueError(
                    f"probabilities of rooms that the task lacks: {strange[0]!r}"
                    f"{near(strange[0], rooms)}"
                )
            given = [given.get(room, 0.0) for room in rooms]
        values = np.asarray(given, dtype=np.float64).reshape(-1)
        if len(values) != len(rooms):
            raise ValueError(
                f"expected a room, None or {len(rooms)} probabilities (of {', '.join(rooms)}), "
                f"got {len(values)} numbers"
            )
        total = values.sum()
        if not np.isfinite(values).all():
            raise ValueError(
                "expected probabilities of at least 0 that sum to 1, got NaN or infinity among them"
            )
        if not ((values >= 0).all() and total > 0):
            raise ValueError("expected probabilities of at least 0 that sum to 1")
        shares: NDArray[np.float64] = values / total
        return shares


def require_rooms(function: ImageFunction, task: Task) -> None:
    """Raise RobotVisionError where a function's outputs stand for rooms that the task lacks."""
    for room in function.rooms:
        if room not in task.room_names:
            raise RobotVisionError(
                f"classifier {function.name!r}: rooms: {room!r} is none of the task's rooms "
                f"({', '.join(task.room_names)}){task.room_matcher.hint(room)}"
            )


def _shown(given: Any) -> str:
    """Return what a function gave as a message shows it: an array by its shape."""
    shape = getattr(given, "shape", None)
    return f"an array of shape {tuple(shape)}" if shape is not None else shortened(repr(given), 80)
