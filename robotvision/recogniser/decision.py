"""From probabilities to an answer: a room, unknown, or silence.

A system answers only when the expected points of answering beat those of silence. With a
probability p for the best room that is the case above the task's break-even confidence,
``(unanswered - wrong) / (correct - wrong)``: 1/3 for +1/-0.5/0, 1/2 for +1/-1/0. Where the task has
an unknown label, that is the answer where a detector (see `robotvision.recogniser.unknown`) or a
confidence below a given number says that none of the trained rooms is right.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from robotvision.records import Answer
from robotvision.tasks.model import Task


def answer_threshold(task: Task, abstain: Literal["auto", "never"] | float) -> float:
    """Return the confidence that an answer needs: the task's break-even, none (0), or a number."""
    if abstain == "auto":
        return task.points.room.break_even
    return 0.0 if abstain == "never" else float(abstain)


class Decision:
    """The rule that turns class probabilities into an `Answer`.

    Parameters
    ----------
    task : Task
        With its rooms settled.
    classes : sequence of str
        The rooms the probabilities stand for, in order.
    abstain : "auto", "never" or float
        Confidence below which nothing is answered: the task's break-even confidence, none, or a
        number in [0, 1].
    unknown : float or None
        Confidence in the best room below which the answer is the task's unknown label; None:
        unknown is never answered.

    Attributes
    ----------
    threshold : float
        The confidence that an answer needs.
    """

    def __init__(
        self,
        task: Task,
        classes: list[str],
        abstain: Literal["auto", "never"] | float = "auto",
        unknown: float | None = None,
    ) -> None:
        self.classes = classes
        self.unknown_label = task.unknown
        self.unknown_below = unknown
        self.threshold = answer_threshold(task, abstain)

    def decide(
        self, probabilities: NDArray[np.floating], is_unknown: bool = False, beyond: float = 0.0
    ) -> Answer:
        """Return the answer for one frame.

        Parameters
        ----------
        probabilities : (classes,) float
            Non-negative, they sum to 1.
        is_unknown : bool
            Whether a detector takes the frame for a room that training did not see.
        beyond : float
            Probability that none of the trained rooms is right, in [0, 1): takes its share of all.
        """
        best = int(probabilities.argmax())
        confidence = float(probabilities[best]) * (1 - beyond)
        if self.unknown_below is not None:
            is_unknown = is_unknown or confidence < self.unknown_below
        is_unknown = is_unknown or beyond > max(confidence, self.threshold)
        if is_unknown and self.unknown_label is not None:
            return Answer(self.unknown_label, 1.0 - confidence)
        if self.threshold > 0 and not confidence > self.threshold:
            return Answer(None, confidence)
        return Answer(self.classes[best], confidence)
