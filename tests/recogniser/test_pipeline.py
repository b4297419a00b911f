"""A pipeline gives its posterior, and stays as it is when other extractors take its slots."""

from collections.abc import Mapping

import cv2
import numpy as np
import pytest
from sklearn.naive_bayes import GaussianNB

from robotvision.data.sequence import ChannelKind
from robotvision.features.resized import resized
from robotvision.recogniser.decision import Decision
from robotvision.recogniser.pipeline import FeatureSlot, Pipeline
from robotvision.records import Frame
from robotvision.systems.base import Channel, View
from robotvision.tasks.model import Task

ROOMS = ["Hall", "Kitchen"]


class Constant:
    """Gives one vector."""

    channels = ("rgb",)
    dim = 2

    def __init__(self, *vector: float) -> None:
        self.vector = np.array(vector, np.float32)

    def extract(self, frame: Frame) -> np.ndarray:
        return self.vector


def pipeline(extractor: Constant) -> Pipeline:
    x = np.array([[0, 0], [0, 1], [4, 4], [4, 5]], np.float32)
    classifier = GaussianNB().fit(x, np.repeat(ROOMS, 2))
    decision = Decision(Task(id="t", rooms=tuple(ROOMS)), ROOMS)
    return Pipeline([FeatureSlot("constant", extractor, slice(0, 2), 1.0)], classifier, decision)


def room(recogniser: Pipeline) -> tuple[str | None, Mapping[str, float]]:
    recogniser.reset(View({}))
    answer, _, posterior = recogniser.answer(Frame(0, 0, {"rgb": np.zeros((2, 2, 3), np.uint8)}))
    assert posterior is not None
    assert answer.confidence == max(posterior.values())
    assert sum(posterior.values()) == 1
    return answer.room, posterior


def test_the_posterior_is_the_classifiers() -> None:
    """Label by label, what ``predict_proba`` gave."""
    recogniser = pipeline(Constant(4, 4))
    _, posterior = room(recogniser)
    expected = recogniser.classifier.predict_proba(np.array([[4, 4]], np.float32))[0]
    assert list(posterior) == ROOMS
    assert list(posterior.values()) == expected.tolist()


def test_other_extractors_leave_the_pipeline_as_it_was() -> None:
    """The copy answers from its own vectors, before and after a reset of the first."""
    first = pipeline(Constant(0, 0))
    other = first.with_extractors([Constant(4, 4)])
    assert room(first)[0] == "Hall"
    assert room(other)[0] == "Kitchen"
    assert room(first)[0] == "Hall"
    assert other.slots[0].name == "constant"
    assert other.classifier is first.classifier


class Shrunk:
    """The mean of an image resized by four, and how often that was asked."""

    dim, channels = 1, ("rgb",)

    def extract(self, frame: Frame) -> np.ndarray:
        return np.array([resized(frame["rgb"], 4, 4).mean()], np.float32)


def test_features_of_a_frame_share_a_resized_image(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    inner = cv2.resize
    monkeypatch.setattr(cv2, "resize", lambda *a, **k: calls.append(a) or inner(*a, **k))
    classifier = GaussianNB().fit([[0, 0], [0, 1], [200, 200], [200, 201]], np.repeat(ROOMS, 2))
    decision = pipeline(Constant(0, 0)).decision
    slots = [FeatureSlot(n, Shrunk(), slice(k, k + 1), 1.0) for k, n in enumerate("ab")]
    recogniser = Pipeline(slots, classifier, decision)
    frame = Frame(0, 0, {"rgb": np.zeros((8, 8, 3), np.uint8)})
    for n in (1, 2):
        recogniser.answer(frame)
        assert len(calls) == n


class Mean(Shrunk):
    """The mean of an image's corner: another number than its neighbour's."""

    def extract(self, frame: Frame) -> np.ndarray:
        return np.array([frame["rgb"][0].mean()], np.float32)


def test_features_computed_at_the_same_time_give_the_same_answer_in_one_stage() -> None:
    """They overlap, so that none has a time of its own; copies do as the first."""
    classifier = GaussianNB().fit([[0, 0], [0, 1], [200, 200], [200, 201]], np.repeat(ROOMS, 2))
    decision = pipeline(Constant(0, 0)).decision
    each = [
        FeatureSlot("a", Shrunk(), slice(0, 1), 0.5),
        FeatureSlot("b", Mean(), slice(1, 2), 1.5),
    ]
    in_turn, together = (Pipeline(each, classifier, decision) for _ in range(2))
    together.feature_threads = 2
    copied = together.with_extractors([s.extractor for s in each])
    image = np.random.default_rng(1).integers(0, 256, (8, 8, 3), np.uint8)
    expected = in_turn.answer(Frame(0, 0, {"rgb": image}))
    assert [*expected.stages_ns] == ["a", "b", "classifier", "decision"]
    for recogniser in (together, copied):
        reply = recogniser.answer(Frame(0, 0, {"rgb": image}))
        assert reply.answer == expected.answer
        assert [*reply.stages_ns] == ["features", "classifier", "decision"]


class Network:
    """Counts how often it runs; its ``dim`` runs it, too, as a network's may."""

    channels = ("rgb",)
    loads_on_first_use = True

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def _run(self, image: np.ndarray) -> np.ndarray:
        self.shapes.append(image.shape)
        return np.array([image.mean(), 1], np.float32)

    @property
    def dim(self) -> int:
        return len(self._run(np.zeros((1, 1, 3), np.uint8)))

    def extract(self, frame: Frame) -> np.ndarray:
        return self._run(frame["rgb"])


@pytest.mark.parametrize("threads", [1, 2])
def test_a_network_is_run_before_the_first_frame_and_once_a_frame(threads: int) -> None:
    """On an image of the cameras' size; where that is not known, the first frame waits."""
    network, other = Network(), Network()
    recogniser = pipeline(Constant(0, 0))
    parts = zip((network, other), (slice(0, 2), slice(2, 4)), strict=True)
    x = np.array([[0, 0, 0, 0], [0, 1, 0, 1], [4, 4, 4, 4], [4, 5, 4, 5]], np.float32)
    classifier = GaussianNB().fit(x, np.repeat(ROOMS, 2))
    slots = [FeatureSlot(str(k), e, place, 1.0) for k, (e, place) in enumerate(parts)]
    recogniser = Pipeline(slots, classifier, recogniser.decision, feature_threads=threads)
    recogniser.reset(View({"rgb": Channel(ChannelKind.COLOR, (6, 8, 3))}))
    for one in (network, other):
        assert one.shapes == [(6, 8, 3)]
    for _ in range(3):
        recogniser.answer(Frame(0, 0, {"rgb": np.zeros((6, 8, 3), np.uint8)}))
    for one in (network, other):
        assert one.shapes == [(6, 8, 3)] * 4
    recogniser.reset(View({"rgb": Channel(ChannelKind.COLOR)}))
    assert len(network.shapes) == 4
