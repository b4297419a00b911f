"""Every part that has a name says what it takes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml

from robotvision.classifiers import CLASSIFIERS
from robotvision.cli import main
from robotvision.cli.list import part_of
from robotvision.data import READERS
from robotvision.features import FEATURES
from robotvision.features.downloads import OFFLINE
from robotvision.plugins.describe import describe
from robotvision.plugins.registry import Registry
from robotvision.temporal import TEMPORAL

PARTS = [(r, name) for r in (FEATURES, CLASSIFIERS, TEMPORAL, READERS) for name in r.names()]


@pytest.mark.parametrize(("registry", "name"), PARTS, ids=lambda v: v if isinstance(v, str) else "")
def test_every_parameter_has_a_type_and_words(registry: Registry, name: str) -> None:
    """In its own docstring, that of a base or of the class it refers to."""
    part = describe(name, registry.get(name))
    assert part.summary.endswith(".")
    assert part.source
    assert [p.name for p in part.parameters if not (p.type and p.text)] == []


@pytest.mark.parametrize("registry", [FEATURES, CLASSIFIERS, TEMPORAL])
def test_examples_are_accepted(registry: Registry) -> None:
    """As YAML, but for those that name a file of one's own."""
    for name in registry.names():
        part = describe(name, registry.get(name))
        given = yaml.safe_load(part.example())
        assert given.pop("name") == name
        if not any(p.required for p in part.parameters):
            registry.create(name, given)


def test_parameters_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """With default and range, as text and as JSON."""
    with pytest.raises(SystemExit):
        main(["list", "features", "phog"])
    text = capsys.readouterr().out
    assert "  bins  (int; default 20)\n      Orientation bins, 1 to 360.\n" in text
    assert "reads rgb; length of the vector: 1700" in text
    with pytest.raises(SystemExit):
        main(["list", "features", "onnx", "--json"])
    about = json.loads(capsys.readouterr().out)
    model, size = about["parameters"][:2]
    assert (model["name"], model["required"], model["default"]) == ("model", True, None)
    assert (size["name"], size["required"], size["default"]) == ("size", False, [224, 224])


def test_describing_a_network_fetches_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where its weights are not on this machine, the length of its vector is not known."""
    torch = pytest.importorskip("torch")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", lambda *a, **k: pytest.fail("fetched"))
    for before in (None, "0"):
        if before is not None:
            monkeypatch.setenv(OFFLINE, before)
        assert part_of("features", "torchvision_backbone")["dim"] is None
        assert os.environ.get(OFFLINE) == before


def test_a_name_that_is_not_known_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["list", "policies", "deadlin"])
    assert ended.value.code == 2
    assert "did you mean 'deadline'?" in capsys.readouterr().err
