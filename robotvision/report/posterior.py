"""The probabilities behind the last answer, for whoever watches a run.

An answer carries the confidence of one room. A pipeline in the harness's own process has them all
when it decides; there a reference to them is kept (one call more inside the timed interval, about
a microsecond), and read only after the frame is logged. Nothing of it happens unless somebody
watches. A pipeline in another process, or a program, tells its confidence alone.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from robotvision.config.experiment import TestSetSpec
from robotvision.experiment.prepare import Prepared
from robotvision.experiment.recognisers import Answerer, Recognisers
from robotvision.recogniser.decision import Decision
from robotvision.recogniser.inprocess import InProcess
from robotvision.records import Answer


class Posterior:
    """Keeps the probabilities that the last decision was made from."""

    def __init__(self) -> None:
        self.classes: tuple[str, ...] = ()
        self.last: NDArray[Any] | None = None

    def of(self, answer: Answer | None, most: int = 6) -> list[tuple[str, float]]:
        """Return the likeliest rooms behind ``answer`` with their probabilities.

        Where only its own confidence is known, that; empty where nothing is. Probabilities of
        another frame (a held or late answer) are not shown: the confidence that follows from them
        must be the answer's own.
        """
        if answer is None or answer.confidence is None:
            return []
        last = self.last
        if last is not None:
            best = float(last.max())
            if answer.confidence in (best, 1.0 - best):
                order = last.argsort()[::-1][:most]
                return [(self.classes[i], float(last[i])) for i in order]
        return [(answer.room or "best room, not answered", answer.confidence)]

    def watch(self, recognisers: Recognisers) -> Recognisers:
        """Return recognisers whose pipelines in this process show their probabilities here."""

        def watched(prepared: Prepared, part: TestSetSpec) -> Answerer:
            answerer = recognisers(prepared, part)
            system = answerer.system
            if isinstance(system, InProcess) and not isinstance(system.pipeline.decision, _Watched):
                system.pipeline.decision = _Watched(system.pipeline.decision, self)
            return answerer

        return watched


class _Watched(Decision):
    """A decision that lets its probabilities be seen."""

    def __init__(self, inner: Decision, posterior: Posterior) -> None:
        self.__dict__.update(inner.__dict__)
        self._posterior = posterior
        posterior.classes = tuple(inner.classes)

    def decide(self, probabilities: NDArray[Any], is_unknown: bool = False) -> Answer:
        """Return the answer for one frame."""
        self._posterior.last = probabilities
        return Decision.decide(self, probabilities, is_unknown)
