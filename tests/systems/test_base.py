"""The contract of a system: what it need not define, and what a reply may carry."""

import numpy as np
import pytest

from robotvision.records import Answer, Frame
from robotvision.systems.base import Posterior, Reply, Session, System, View
from robotvision.tasks.model import Task


class Least(System):
    """Defines the one method that must be."""

    closed = 0

    def answer(self, frame: Frame) -> Reply:
        return Reply(Answer("Kitchen"))

    def close(self) -> None:
        self.closed += 1


def test_a_system_need_only_answer() -> None:
    """Everything else has a default, and leaving the context closes it."""
    with Least() as system:
        system.start(Session(Task(id="t", rooms=("Kitchen",))))
        system.reset(View({}))
        reply = system.answer(Frame(0, 0, {}))
    assert system.closed == 1
    assert (system.isolation, system.has_memory) == ("none", None)
    assert (system.channels, system.log_problem) == (None, None)
    assert (dict(reply.stages_ns), reply.posterior) == ({}, None)


def test_a_system_without_an_answer_cannot_be_made() -> None:
    """It is refused where it is made, not at the first frame."""
    with pytest.raises(TypeError, match="answer"):
        System()  # type: ignore[abstract]


def test_a_posterior_reads_the_array_it_was_given() -> None:
    """A mapping by label, without a copy."""
    probabilities = np.array([0.25, 0.75], np.float32)
    posterior = Posterior(["Kitchen", "Hall"], probabilities)
    assert dict(posterior) == {"Kitchen": 0.25, "Hall": 0.75}
    assert posterior.probabilities is probabilities
    assert "Office" not in posterior
    with pytest.raises(KeyError, match="Office"):
        posterior["Office"]
