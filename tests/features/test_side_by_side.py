"""Features computed at the same time: the same numbers, really at the same time, no leftovers."""

import multiprocessing
import threading

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from robotvision.errors import RobotVisionError
from robotvision.features import FEATURES
from robotvision.features.extraction import checked
from robotvision.features.side_by_side import side_by_side as with_dims
from robotvision.testing.features import make_frames
from tests.fixtures.patience import PATIENCE_S


def side_by_side(extractors, frame, threads):
    return with_dims([(e, e.dim) for e in extractors], frame, threads)


NAMES = ("phog", "hsv_histogram", "crfh", "lbp", "gist")


class Meets:
    """Gives its number once another extractor is at work as well."""

    channels = ("rgb",)
    dim = 1

    def __init__(self, number, barrier):
        self.number, self.barrier = number, barrier

    def extract(self, frame):
        self.barrier.wait(timeout=PATIENCE_S)
        return np.array([self.number], np.float32)


class Fails:
    """Raises at once; counts those at work beside it when asked."""

    channels = ("rgb",)
    dim = 1

    def extract(self, frame):
        raise ValueError("no such luck")


class Slow:
    channels = ("rgb",)
    dim = 1

    def __init__(self):
        self.begun, self.go, self.ended = threading.Event(), threading.Event(), threading.Event()

    def extract(self, frame):
        self.begun.set()
        self.go.wait(PATIENCE_S)
        self.ended.set()
        return np.zeros(1, np.float32)


class Threads:
    channels = ("rgb",)
    dim = 1

    def __init__(self, barrier):
        self.barrier = barrier

    def extract(self, frame):
        self.barrier.wait(timeout=PATIENCE_S)
        held = [m["num_threads"] for m in threadpool_info() if m["user_api"] == "openmp"]
        return np.array([max(held, default=1)], np.float32)


@pytest.fixture
def frame():
    return make_frames(1)[0]


@pytest.mark.parametrize("threads", [2, 3, 9])
def test_the_vectors_are_those_of_one_after_the_other(threads):
    extractors = [FEATURES.get(name)() for name in NAMES]
    for each in make_frames(6):
        found = side_by_side(extractors, each, threads)
        for extractor, vector in zip(extractors, found, strict=True):
            np.testing.assert_array_equal(vector, checked(extractor, each, extractor.dim))


def test_as_many_are_at_work_as_there_are_threads(frame):
    """Three that wait for each other: two threads would wait for ever."""
    barrier = threading.Barrier(3)
    extractors = [Meets(k, barrier) for k in range(6)]
    assert [v[0] for v in side_by_side(extractors, frame, 3)] == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("place", [0, 1])
def test_what_fails_is_told_once_nothing_is_at_work_any_more(frame, place):
    slow = Slow()
    extractors = [slow, slow]
    extractors[place] = Fails()
    threading.Thread(target=lambda: (slow.begun.wait(PATIENCE_S), slow.go.set())).start()
    with pytest.raises(ValueError, match="no such luck"):
        side_by_side(extractors, frame, 2)
    assert slow.ended.is_set() or not slow.begun.is_set()


def test_a_vector_of_a_wrong_shape_is_refused_as_elsewhere(frame):
    wrong = Meets(1, threading.Barrier(1))
    wrong.dim = 2
    with pytest.raises(RobotVisionError, match=r"expected \(2,\)"):
        side_by_side([Meets(1, threading.Barrier(1)), wrong], frame, 2)


def test_no_thread_is_given_further_ones(frame):
    """The last is the caller's: what holds it is `one_thread`, around a run."""
    import sklearn  # noqa: F401  # loads OpenMP

    barrier = threading.Barrier(2)
    found = side_by_side([Threads(barrier), Threads(barrier)], frame, 2)
    assert found[1][0] == 1


def _in_a_fork(connection):
    frame = make_frames(1)[0]
    barrier = threading.Barrier(2)
    vectors = side_by_side([Meets(0, barrier), Meets(1, barrier)], frame, 2)
    connection.send([float(v[0]) for v in vectors])


def test_a_process_forked_off_has_threads_of_its_own(frame):
    barrier = threading.Barrier(2)
    side_by_side([Meets(0, barrier), Meets(1, barrier)], frame, 2)
    here, there = multiprocessing.Pipe()
    child = multiprocessing.get_context("fork").Process(target=_in_a_fork, args=(there,))
    child.start()
    assert here.poll(60)
    assert here.recv() == [0.0, 1.0]
    child.join(60)
