"""Faults of extractors in training: one line each, with sequence, frame and place in the code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from robotvision.cli import main
from robotvision.data import open_sequence
from robotvision.features.base import Extractor, Vector
from robotvision.features.extraction import extract
from robotvision.records import Frame

PLUGIN = """
import numpy as np
from robotvision.features.base import Extractor


class Odd(Extractor):
    def __init__(self, way="raise"):
        self.way = way

    @property
    def dim(self):
        return 3

    def extract(self, frame):
        vector = np.zeros(4 if self.way == "shape" else 3, np.float32)
        if frame.index == 4 and self.way == "raise":
            vector = self.broken(vector)
        if self.way == "nan" and frame.index == 4:
            vector[1] = np.nan
        return vector

    def broken(self, vector):
        return vector.reshape(7)


class Slow(Odd):
    def fit(self, frames, rooms):
        for frame in frames:
            if frame.index == 2:
                raise KeyError("a\\nb")
        return self
"""


@pytest.fixture
def errors(
    config: Callable[..., Path],
    data_root: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> Callable[[str], list[str]]:
    """Return a function that runs a configuration with a feature and returns its errors."""
    module = f"plugin_{abs(hash(request.node.name))}"
    (data_root / f"{module}.py").write_text(PLUGIN)
    monkeypatch.syspath_prepend(str(data_root))

    def run(feature: str) -> list[str]:
        path = config(features=f"[{feature.format(module)}]")
        with pytest.raises(SystemExit) as stop:
            main(["run", str(path), "--out", str(data_root / "out"), "--no-cache"])
        assert stop.value.code == 2
        return [line.replace(module, "plugin") for line in capsys.readouterr().err.splitlines()]

    return run


def test_an_extractor_that_raises_is_named_with_its_line(
    errors: Callable[[str], list[str]], data_root: Path
) -> None:
    """The line is one of the plug-in's own code, not of a library it calls."""
    last = errors("{}.Odd")[-1]
    assert last == (
        f"train: frame 4: Odd(way='raise') failed at {data_root}/plugin.py:23 with ValueError: "
        "cannot reshape array of size 3 into shape (7,)"
    )


@pytest.mark.parametrize(
    ("way", "fault"),
    [
        ("shape", "train: frame 0: Odd(way='shape') gave a vector of shape (4,), expected (3,)"),
        (
            "nan",
            "train: frame 4: Odd(way='nan') gave NaN or infinite values; look at the "
            "extractor's treatment of empty or dark images",
        ),
    ],
)
def test_a_wrong_vector_is_named_with_its_frame(
    way: str, fault: str, errors: Callable[[str], list[str]]
) -> None:
    assert errors(f"{{{{name: {{}}.Odd, way: {way}}}}}")[-1] == fault


def test_an_extractor_that_fails_to_learn_is_named_too(
    errors: Callable[[str], list[str]], data_root: Path
) -> None:
    last = errors("{}.Slow")[-1]
    assert last == (
        f"train: learning, up to frame 2: Slow(way='raise') failed at {data_root}/plugin.py:30 "
        r"with KeyError: 'a\nb'"
    )


def blas_threads() -> list[int]:
    """Return how many threads each library of linear algebra may take."""
    return [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]


class Counting(Extractor):
    """Notes how many threads linear algebra may take."""

    def __init__(self) -> None:
        self.channel = "rgb"
        self.seen: set[int] = set()

    @property
    def dim(self) -> int:
        """One number."""
        return 1

    def extract(self, frame: Frame) -> Vector:
        """Return 0."""
        self.seen |= set(blas_threads())
        return np.zeros(1, np.float32)


def test_linear_algebra_takes_one_thread_a_frame(data_root: Path) -> None:
    """Frames are spread over the cores; linear algebra does not fight over them as well."""
    extractor = Counting()
    folder = next(p.parent for p in sorted(data_root.rglob("sequence.yaml")))
    with threadpool_limits(2, user_api="blas"):
        extract([extractor], open_sequence(folder), None)
        assert {*blas_threads()} == {2}
    assert extractor.seen == {1}
