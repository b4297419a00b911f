"""Files named beside a plug-in start at the configuration's folder, wherever a run is started."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from robotvision.classifiers import CLASSIFIERS
from robotvision.config import OBSERVERS
from robotvision.config.checks import load_config
from robotvision.config.experiment import Experiment, Overrides
from robotvision.config.part_paths import with_absolute_paths
from robotvision.config.schema import Config as Schema
from robotvision.features import FEATURES
from robotvision.plugins.describe import describe
from robotvision.plugins.registry import Registry
from robotvision.temporal import TEMPORAL
from robotvision.yamlfile import load, validate

Config = Callable[..., Path]
NET = "net.onnx"

OWN = '''
from pathlib import Path
import numpy as np
from robotvision.features.base import Extractor


class Table(Extractor):
    """Reads a table, or not."""
    def __init__(self, path: Path | None = None, table="", kind="rbf"):
        self.path, self.table, self.kind = path, table, kind
    @property
    def dim(self): return 3
    def extract(self, frame): return frame["rgb"].reshape(-1, 3).mean(0).astype(np.float32)
'''


@pytest.fixture
def elsewhere(
    config: Config, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Config:
    """Return the function that writes a configuration in a folder that is not the current one."""
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))

    def write(**keys: str) -> Path:
        path = config(**keys)
        (path.parent / "tables.py").write_text(OWN, encoding="utf-8")
        for name in (NET, "t.npy", "rbf"):
            (path.parent / name).write_bytes(b"x")
        return path

    return write


def resolved(path: Path, **values: object) -> Experiment:
    return load_config(path, instead=Overrides(values=values))


def test_of_parts_by_name_and_within_others(elsewhere: Config) -> None:
    """A parameter that is a path is absolute in the resolved configuration, at any depth."""
    inner = f"{{name: onnx, model: {NET}}}"
    path = elsewhere(
        features=f"[{inner}, {{name: quantized, network: {inner}}}, "
        "{name: torchvision_backbone, weights: default}]",
        observers="[{name: tensorboard, folder: logs}]",
    )
    settled = with_absolute_paths(validate(load(path), Schema), path.parent)
    data = settled.model_dump(mode="json")
    net = str(path.parent / NET)
    assert data["features"][0]["model"] == net
    assert data["features"][1]["network"] == {"name": "onnx", "model": net}
    assert data["features"][2]["weights"] == "default"
    assert data["observers"][0]["folder"] == str(path.parent / "logs")


def test_of_parts_of_ones_own(elsewhere: Config) -> None:
    """One says it by annotation; else text that is a file's name and a file there is a path."""
    own = "{name: tables.Table, path: new.npy, table: t.npy, kind: rbf}"
    path = elsewhere(features=f"[{own}]", classifier="knn")
    about = load_config(path).resolved()["features"][0]
    assert about["path"] == str(path.parent / "new.npy")
    assert about["table"] == str(path.parent / "t.npy")
    assert about["kind"] == "rbf"
    again = path.with_name("again.yaml")
    again.write_text(yaml.safe_dump(load_config(path).resolved()), encoding="utf-8")
    assert load_config(again).resolved()["features"][0] == about


def test_of_values_in_place_of_the_file_s(elsewhere: Config) -> None:
    """``--set`` starts where the file does."""
    path = elsewhere(features="[{name: tables.Table}]", classifier="knn")
    about = resolved(path, **{"features.0.table": "t.npy"}).resolved()
    assert about["features"][0]["table"] == str(path.parent / "t.npy")


@pytest.mark.parametrize("registry", [FEATURES, CLASSIFIERS, TEMPORAL, OBSERVERS])
def test_every_path_of_a_part_is_annotated_as_one(registry: Registry) -> None:
    """What a docstring calls a path is one by its annotation, which is what the rule goes by."""
    for name in registry.names():
        cls = registry.get(name)
        takes = inspect.signature(cls).parameters
        for parameter in describe(name, cls).parameters:
            annotation = str(takes[parameter.name].annotation)
            assert ("path" in parameter.type) == ("Path" in annotation), (name, parameter.name)
