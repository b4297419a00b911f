"""Functions and networks that answer from images, named in a configuration or given from Python."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import robotvision as rv
from robotvision.cli import main
from robotvision.plugins.plugin_path import search_first
from robotvision.plugins.provenance import forget_changed
from robotvision.systems.image_function import identity_of, is_named, of_name, of_object

Config = Callable[..., Path]

OWN = '''
import numpy as np
import torch
from torch import nn

ROOMS = ("Kitchen", "Hall", "Office")


def name(image, of=ROOMS):
    return of[int(image.reshape(-1, 3).mean(0).argmax())]
def of_frame(frame):
    return name(frame["rgb"])
def shares(image):
    red, green, blue = (image.reshape(-1, 3).mean(0) / 255) ** 9
    return {"Kitchen": red, "Hall": green, "Office": blue}


class Brightest(nn.Module):
    """Its outputs are the means of red, green and blue; ``gain`` is its one weight."""
    def __init__(self, gain: float = 9.0):
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(gain))
    def forward(self, x): return self.gain * x.mean(dim=(2, 3))
class Named(Brightest):
    rooms = ROOMS
def make(gain: float = 9.0): return Named(gain)
class Called:
    def __call__(self, image): return name(image)
built = Named()
'''
ROOMS = "rooms: [Kitchen, Hall, Office]"


@pytest.fixture
def own(config: Config) -> Config:
    """Return the function that writes a configuration, beside a module of functions."""

    def write(**keys: str) -> Path:
        path = config(**{"features": "", **keys})
        (path.parent / "looks.py").write_text(OWN, encoding="utf-8")
        torch.save({"gain": torch.tensor(9.0)}, path.parent / "net.pt")
        return path

    return write


@pytest.mark.parametrize(
    "classifier",
    [
        "looks.name",
        "looks:name",
        "{name: looks.name, of: [Kitchen, Hall, Office]}",
        "{name: looks.of_frame, channel: null}",
        "looks.shares",
        f"{{name: looks.Brightest, {ROOMS}, mean: [0, 0, 0], std: [255, 255, 255]}}",
        f"{{name: looks.Brightest, gain: 0.0, weights: net.pt, {ROOMS}, size: [24, 32]}}",
        "looks.Named",
        "{name: looks.make, gain: 20.0}",
        "looks.Called",
        "looks.built",
    ],
)
def test_it_answers_without_features(
    own: Config, classifier: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A function, a class, a factory or an object: every room of the test sequence is told."""
    path = own(classifier=classifier)
    with pytest.raises(SystemExit) as ended:
        main(["run", str(path), "--out", str(path.parent / "out"), "--json"])
    report = json.loads(capsys.readouterr().out)
    assert (ended.value.code, report["points"]) == (0, 18), report["faults"]
    (plugin,) = report["plugins"]
    assert plugin["origin"] == str(path.parent / "looks.py")


def test_a_network_that_says_its_rooms_needs_no_training_sequence(own: Config) -> None:
    """The task's rooms are those its outputs stand for; the answers are those from Python."""
    path = own(classifier="looks.Named", train="")
    run = rv.run(path, folder=path.parent / "out")
    assert run.score.points == 18
    mapping = {"name": "looks.Named"}
    by_name = rv.Recogniser(classifier=mapping).fit(path.parent / "train")
    assert rv.replay(path.parent / "test", by_name).score.points == 18


def test_a_module_from_python(own: Config) -> None:
    """A module's object answers like any function where it says its rooms, and is refused else."""
    folder = own().parent
    search_first(folder)
    built = of_name("looks.built", {}).origin
    assert rv.replay(folder / "test", rv.Recogniser(built).fit(folder / "train")).score.points == 18
    with pytest.raises(rv.RobotVisionError, match="rooms: expected the rooms in the order of the"):
        rv.Recogniser(torch.nn.Linear(1, 1)).fit(folder / "train")
    with pytest.raises(rv.RobotVisionError, match="temporal: expected none beside a function"):
        rv.Recogniser(built, temporal="majority").fit(folder / "train")


def test_outputs_are_logits_unless_they_are_said_to_be_probabilities() -> None:
    """The softmax is taken of logits alone; weights drawn at random come from one seed."""

    class Fixed(torch.nn.Module):
        rooms = ("a", "b")

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.tensor([[0.25, 0.75]])

    image = np.zeros((4, 5, 3), np.uint8)
    logits = of_object(Fixed()).call(image)
    assert logits == pytest.approx(np.exp([0.25, 0.75]) / np.exp([0.25, 0.75]).sum())
    module = of_object(Fixed()).call
    module.outputs = "probabilities"
    assert module(image) == pytest.approx([0.25, 0.75])
    with pytest.raises(rv.RobotVisionError, match=r"\(4, 5\) uint16; name a colour channel"):
        module(np.zeros((4, 5), np.uint16))


def test_what_answers_depend_on(own: Config) -> None:
    """Code and files that change are seen, so that a sweep never takes an old run for a new one."""
    folder = own().parent

    def identity() -> list[object]:
        search_first(folder)
        forget_changed()
        named = {"rooms": ["Kitchen", "Hall", "Office"], "weights": str(folder / "net.pt")}
        return identity_of(of_name("looks.Brightest", named))

    first = identity()
    assert identity() == first
    torch.save({"gain": torch.tensor(8.0)}, folder / "net.pt")
    second = identity()
    (folder / "looks.py").write_text(OWN.replace("self.gain * x", "2 * self.gain * x"))
    assert len({str(first), str(second), str(identity())}) == 3


def test_which_names_answer_from_images() -> None:
    """Classifiers of vectors, ours and scikit-learn's, do not."""
    assert not is_named("svm")
    assert not is_named("sklearn.naive_bayes.GaussianNB")
    assert is_named("torch.nn.Linear")
    assert is_named("numpy.mean")
