"""What can be wrong with parts of one's own: one line and exit code 2, or a counted fault."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from robotvision.cli import main
from robotvision.report.tracking.tensorboard_files import TensorBoard

Config = Callable[..., Path]

OWN = """
import numpy as np
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from torch import nn


def predict(image, least=0):
    return "Kitchen"
def raises(): raise ValueError("seventh son")
def nothing(): return None
def estimator(): return LogisticRegression()
def few(image): return np.ones(2)
def nan(image): return np.full(3, np.nan)
def breaks(image): raise KeyError("eighth son")
def nowhere(image): return "Kitchn"
def negative(image): return [1, 1, -1]


class Net(nn.Module):
    def __init__(self, n: int = 3):
        super().__init__()
        self.head = nn.Linear(3, n)
    def forward(self, x): return self.head(x.mean(dim=(2, 3)))
class Broken(Net):
    def forward(self, x): raise RuntimeError("ninth son")
class NaN(Net):
    def forward(self, x): return super().forward(x) * float("nan")
class Two(Net):
    def forward(self, x): return super().forward(x)[:, :2]


class Base(ClassifierMixin, BaseEstimator):
    def fit(self, x, y):
        self.classes_ = np.unique(y)
        return self
    def predict(self, x): return self.classes_[self.predict_proba(x).argmax(1)]
class Narrow(Base):
    def predict_proba(self, x): return np.ones((len(x), 2))
class Nans(Base):
    def predict_proba(self, x): return np.full((len(x), 3), np.nan)
class Unfit(Base):
    def fit(self, x, y): raise RuntimeError("tenth son")
class Late(Base):
    def predict_proba(self, x):
        if len(x) == 1: raise RuntimeError("last son")
        return np.ones((len(x), 3))
class NoObserver: pass
"""
ROOMS = "rooms: [Hall, Kitchen, Office]"


@pytest.fixture
def own(config: Config) -> Config:
    """Return the function that writes a configuration, beside a module of parts that fail."""

    def write(**keys: str) -> Path:
        path = config(**keys)
        (path.parent / "wrong_parts.py").write_text(OWN, encoding="utf-8")
        torch.save({"other": torch.zeros(1)}, path.parent / "other.pt")
        return path

    return write


def call(*words: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return int(str(ended.value.code))


ALONE = {"features": ""}
REFUSED: list[tuple[dict[str, str], list[str], str]] = [
    ({}, ["--set", "clasifier.C=3"], "--set clasifier.C: clasifier: unknown key; did"),
    ({}, ["--set", "classifier.c=3"], "--set classifier.c: .*no parameter 'c'; did you mean 'C'"),
    ({}, ["--set", "features.7=phog"], "--set features.7: expected the place of one of 2 items"),
    ({}, ["--set", "classifier.C=much"], "--set classifier.C: .*C: expected a number"),
    ({"observers": "[tensorbord]"}, [], r"observers\[0\]: .*did you mean 'tensorboard'"),
    ({"observers": "[{name: tensorboard, dir: x}]"}, [], "no parameter 'dir'"),
    ({"observers": "[wrong_parts.NoObserver]"}, [], "expected an Observer, got "),
    ({"classifier": "wrong_parts.raises"}, [], r"wrong_parts\.py:\d+: ValueError: seventh son"),
    ({"classifier": "wrong_parts.nothing"}, [], "parts.nothing': expected .* 'fit', got None"),
    ({"classifier": "wrong_parts.absent"}, [], "cannot import it .*no attribute 'absent'"),
    ({"classifier": "wrong_parts.Narrow"}, [], r"wrong_parts\.py:\d+\).*shape .*, 2\), expected"),
    ({"classifier": "wrong_parts.Nans"}, [], r"wrong_parts\.py:\d+\): predict_proba gave NaN"),
    ({"classifier": "wrong_parts.Unfit"}, [], r"wrong_parts\.py:\d+ .*RuntimeError: tenth son"),
    ({"classifier": "svm"} | ALONE, [], "expected at least one feature"),
    ({"classifier": "wrong_parts.estimator"} | ALONE, [], "needs 'features: "),
    ({"classifier": "{name: wrong_parts.predict, lest: 1}"} | ALONE, [], "did you mean 'least'"),
    ({"classifier": "wrong_parts.predict", "mode": "optional", "temporal": "majority"} | ALONE,
     [], "temporal: .*without features, so nothing is trained"),
    ({"classifier": "{name: wrong_parts.predict, channel: left}"} | ALONE, [], "channel 'left'"),
    ({"classifier": "wrong_parts.Net"} | ALONE, [], "rooms: expected the rooms in the order of"),
    ({"classifier": "{name: wrong_parts.Net, rooms: [Hall, Kitchn]}"} | ALONE, [],
     "'Kitchn' is none of the task's rooms .*did you mean 'Kitchen'"),
    ({"classifier": f"{{name: wrong_parts.Net, weights: no.pt, {ROOMS}}}"} | ALONE, [],
     "there is none at .*/no.pt"),
    ({"classifier": f"{{name: wrong_parts.Net, weights: other.pt, {ROOMS}}}"} | ALONE, [],
     "other.pt: expected the state dict of Net"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("keys", "words", "line"), REFUSED, ids=[line[:40] for _, _, line in REFUSED]
)
def test_is_refused_in_a_line(
    own: Config,
    keys: dict[str, str],
    words: list[str],
    line: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit code 2, and the one line says what is wrong."""
    path = own(**keys)
    assert call("run", path, "--out", path.parent / "out", "-q", *words) == 2
    told = capsys.readouterr()
    lines = [text for text in told.err.splitlines() if not text.startswith("note: ")]
    assert told.out == ""
    assert len(lines) == 1, lines
    assert re.search(line, lines[0]), lines[0]


COUNTED = {
    "wrong_parts.few": r"few \(.*wrong_parts\.py:\d+\) gave .*\(2,\): expected .* 3 probabilities",
    "wrong_parts.nan": r"nan \(.*wrong_parts\.py:\d+\) gave .*got NaN",
    "wrong_parts.breaks": r"breaks failed at .*wrong_parts\.py:\d+ with KeyError: 'eighth son'",
    "wrong_parts.nowhere": r"nowhere \(.*\) gave 'Kitchn': .*did you mean 'Kitchen'",
    "wrong_parts.negative": r"negative \(.*\) gave .*at least 0",
    f"{{name: wrong_parts.Broken, {ROOMS}}}": r"failed at .*wrong_parts\.py:\d+ .*ninth son",
    f"{{name: wrong_parts.NaN, {ROOMS}}}": r"NaN \(.*wrong_parts\.py:\d+\) gave .*got NaN",
    f"{{name: wrong_parts.Two, {ROOMS}}}": r"wrong_parts\.py:\d+.*\(1, 2\), expected \(1, 3\)",
    "wrong_parts.Late": r"Late\(\) failed at .*wrong_parts\.py:\d+ .*last son",
}


@pytest.mark.parametrize("name", COUNTED)
def test_is_a_counted_fault(own: Config, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every frame fails in a line with file, line and reason; the run comes to its end."""
    keys = {} if name == "wrong_parts.Late" else ALONE
    path = own(classifier=name, **keys)
    assert call("run", path, "--out", path.parent / "out", "--json", "--limit", 3) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["outcomes"]["failed"] == 3
    assert re.search(COUNTED[name], report["faults"][0]["fault"]), report["faults"]


def test_an_observer_whose_library_is_missing(
    own: Config, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line says what to install."""
    monkeypatch.setattr(TensorBoard, "module", "no_such_library")
    assert call("run", own(observers="[tensorboard]")) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("is not installed; pip install 'robotvision[tracking]'")
