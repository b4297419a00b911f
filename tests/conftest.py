"""What tests share: little sequences through rooms that a machine can tell apart."""

from __future__ import annotations

import gc
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from robotvision.data.native import SequenceWriter
from robotvision.plugins import plugin_path

pytest_plugins = [
    f"tests.fixtures.{name}"
    for name in ("browser", "commands", "examples", "logs", "programs", "runs")
]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # a shell without job control begins what runs beside it so, and Ctrl-C would reach no child
    signal.signal(signal.SIGINT, signal.default_int_handler)

LONG = {"test_docs.py", "test_nothing_lost.py", "test_trajectory_render.py"}
CLUSTERS = {"cluster", "sweep"}
"""Rooms whose tests leave Dask's processes and a fork server with their environment behind."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin the modules of long tests first, so that none is what all cores wait for at the end.

    What looks at the site comes late, but for the first: the others would wait until it is built.
    What starts clusters comes last: other tests of its process would count their work as their own.
    """
    sites = [i for i in items if "site" in getattr(i, "fixturenames", ())]
    late = set(sites[1:])
    items.sort(
        key=lambda i: (i.path.parent.name in CLUSTERS, i in late, i.path.name not in LONG),
    )
    if sites:
        items.remove(sites[0])
        items.insert(0, sites[0])


COLORS = {"Kitchen": (200, 60, 40), "Office": (50, 90, 200), "Hall": (60, 180, 80)}
Tour = Callable[..., Path]


def write_tour(
    path: Path,
    rooms: tuple[str, ...] = ("Kitchen", "Office", "Hall"),
    n_each: int = 6,
    seed: int = 0,
    light: float = 1.0,
    has_truth: bool = True,
    size: tuple[int, int] = (48, 64),
) -> Path:
    """Write a sequence that stays ``n_each`` frames in each room, coloured noise for images."""
    rng = np.random.default_rng(seed)
    height, width = size
    calibration = {
        "rgb": {
            "width": width,
            "height": height,
            "fx": 50.0,
            "fy": 50.0,
            "cx": width / 2,
            "cy": height / 2,
        }
    }
    with SequenceWriter(
        path, path.name, {"rgb": "color", "depth": "depth_mm"}, 10.0, calibration
    ) as writer:
        for i in range(n_each * len(rooms)):
            room = rooms[i // n_each]
            noise = rng.normal(0, 25, (height, width, 3))
            color = np.array(COLORS[room])
            farthest = 1000 * (2 + list(COLORS).index(room))
            rgb = np.clip(light * color + noise, 0, 255).astype(np.uint8)
            depth = rng.integers(500, farthest, (height, width))
            writer.add(
                i * 100_000_000,
                {"rgb": rgb, "depth": depth.astype(np.uint16)},
                segment=0,
                pose=(float(i), 0.0, 0.0),
                room=room if has_truth else None,
            )
    return path


@pytest.fixture
def tour() -> Tour:
    """Return the function that writes a sequence."""
    return write_tour


@pytest.fixture(scope="session")
def _written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a training sequence and a test sequence, to be copied."""
    folder = tmp_path_factory.mktemp("written")
    write_tour(folder / "train", seed=1)
    write_tour(folder / "test", rooms=("Hall", "Office", "Kitchen"), seed=2, light=0.9)
    return folder


@pytest.fixture
def data_root(_written: Path, tmp_path: Path) -> Path:
    """Return a folder with a training sequence and a test sequence."""
    shutil.copytree(_written, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture(scope="module", autouse=True)
def _settled_heap() -> None:
    """Keep what modules and tests left to stay out of the garbage collector's sight.

    With PyTorch and some thousand tests in memory, a full collection takes half a second, and each
    test of what is left open asks for two.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the user's feature cache out of the tests."""
    monkeypatch.setenv("ROBOTVISION_CACHE", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.delenv("ROBOTVISION_DATA", raising=False)


@pytest.fixture(autouse=True)
def _own_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep folders in which one test's plug-ins lie from the next one's."""
    monkeypatch.setattr(plugin_path, "_folders", {})
    monkeypatch.setattr(sys, "path", [*sys.path])


@pytest.fixture
def config(data_root: Path) -> Callable[..., Path]:
    """Return a function that writes a configuration beside the sequences."""

    def write(text: str = "", name: str = "run.yaml", **keys: str) -> Path:
        base = {
            "task": "rooms",
            "train": "[train]",
            "test": "[test]",
            "features": "[hsv_histogram, depth_histogram]",
            "classifier": "{name: svm, kernel: rbf}",
        }
        lines = [f"{k}: {v}" for k, v in {**base, **keys}.items() if v]
        path = data_root / name
        path.write_text("\n".join(lines) + "\n" + text, encoding="utf-8")
        return path

    return write
