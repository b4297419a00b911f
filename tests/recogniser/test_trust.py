"""Models with classes of one's own travel, and are opened where they are trusted by name alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import robotvision as rv
from robotvision.cli import main
from robotvision.errors import UntrustedError
from robotvision.plugins import plugin_path
from robotvision.plugins.provenance import unload

Config = Callable[..., Path]
OWN = '''
import numpy as np
from robotvision.classifiers.base import Classifier
from robotvision.features.base import Extractor


class Mean(Extractor):
    """The mean color."""
    def __init__(self, scale: float = 1.0): self.scale = scale
    @property
    def dim(self): return 3
    def extract(self, frame):
        return (self.scale * frame["rgb"].reshape(-1, 3).mean(0) / 255).astype(np.float32)


class Nearest(Classifier):
    """The room whose mean vector is nearest."""
    def __init__(self, sharpness: float = 50.0): self.sharpness = sharpness
    def _fit(self, x, y):
        self.means_ = np.stack([x[y == k].mean(axis=0) for k in range(len(self.classes_))])
    def _row(self, x):
        return -self.sharpness * ((self.means_ - x) ** 2).sum(axis=1).astype(np.float64)
'''
TRUST = ["--trust", "travels.Mean", "--trust", "travels.Nearest"]
Model = tuple[Path, Path]


@pytest.fixture
def model(config: Config, monkeypatch: pytest.MonkeyPatch) -> Model:
    """Return a model file and the configuration it was trained by, beside the module of its own."""
    path = config(features="[travels.Mean]", classifier="travels.Nearest")
    (path.parent / "travels.py").write_text(OWN, encoding="utf-8")
    target = path.parent / "own.rvmodel"
    assert call("train", path, "-o", target) == 0
    forget(monkeypatch)
    return target, path


def call(*words: object) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return int(str(ended.value.code))


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin as a new process would: nothing of the module is loaded or searched."""
    unload(lambda name: name == "travels")
    monkeypatch.setattr(plugin_path, "_folders", {})


def test_the_same_answers_elsewhere(
    model: Model,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Moved beside its module to another folder, it answers as the configuration did."""
    target, config = model
    assert call("run", config, "--out", config.parent / "straight", "--json") == 0
    folder = tmp_path_factory.mktemp("moved")
    for file in (target, config.parent / "travels.py"):
        shutil.copy(file, folder)
    forget(monkeypatch)
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    words = ["replay", folder / target.name, config.parent / "test", "--json", "--out", "again"]
    capsys.readouterr()
    assert call(*words, *TRUST) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["points"] == 18
    assert Path("again/run.txt").read_bytes() == (config.parent / "straight/run.txt").read_bytes()
    (origin,) = {p["origin"] for p in report["plugins"]}
    assert origin == str(folder / "travels.py")
    assert report["warnings"] == []


def test_a_refusal_is_the_command_to_type(
    model: Model, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is imported; the line ends in the same command, trusting what it lacked."""
    target, config = model
    sequence = config.parent / "test"
    monkeypatch.chdir(config.parent)
    for given, lacking in (([], TRUST), (TRUST[:2], TRUST[2:])):
        words = ["replay", str(target), str(sequence), "--limit", "3", *given]
        capsys.readouterr()
        assert call(*words) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert f"(of {config.parent / 'travels.py'})" in line
        assert line.endswith(f"if you trust it: robotvision {' '.join([*words, *lacking])}")
    assert call(*words, *lacking) == 0


def test_trust_in_a_configuration_and_from_python(
    model: Model, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The key ``trust`` and the argument do as the option does, for a worker's process too."""
    target, config = model
    path = config.with_name("model.yaml")
    path.write_text("task: rooms\ntest: [test]\nmodel: own.rvmodel\n", encoding="utf-8")
    with pytest.raises(UntrustedError, match=r"trust: \[travels.Mean, travels.Nearest\] in a conf"):
        rv.run(path, folder=path.parent / "no")
    names = ["travels.Mean", "travels.Nearest"]
    overrides = {"trust": names, "system": "worker"}
    assert rv.run(path, overrides=overrides, folder=path.parent / "yes").score.points == 18
    with pytest.raises(UntrustedError):
        rv.Recogniser.load(target)
    with pytest.raises(rv.RobotVisionError, match="trust: expected a list of dotted names"):
        rv.Recogniser.load(target, trust="travels.Mean")
    recogniser = rv.Recogniser.load(target, trust=names)
    assert rv.replay(config.parent / "test", recogniser).score.points == 18
    assert call("audit", path, "--limit", "3", *TRUST) == 0


def test_a_module_that_is_gone_or_changed(
    model: Model, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Gone: a line says where it was. Changed: a notice of the run says so."""
    target, config = model
    module = config.parent / "travels.py"
    module.write_text(OWN.replace("scale: float = 1.0", "scale: float = 2.0"), encoding="utf-8")
    words = ["replay", target, config.parent / "test", "--out", config.parent / "out", "--json"]
    assert call(*words, *TRUST) == 0
    warnings = json.loads(capsys.readouterr().out.splitlines()[-1])["warnings"]
    assert {w["code"] for w in warnings} == {"model-code-changed"}
    module.unlink()
    forget(monkeypatch)
    capsys.readouterr()
    assert call(*words, *TRUST) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "whose module cannot be found" in line
    assert f"(when the model was saved: {module})" in line
