"""What is extracted is kept under everything it depends on, and no more of it than the limit."""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from robotvision.cli import main
from robotvision.config.checks import load_config
from robotvision.data import ImageSequence, open_sequence
from robotvision.errors import RobotVisionError
from robotvision.features import FEATURES
from robotvision.features import cache as kept
from robotvision.features.base import Extractor
from robotvision.features.extraction import extract
from robotvision.plugins.plugin_path import import_own, search_first

MODULE = """
from {helper} import SCALE
import numpy as np
from robotvision.features.base import Extractor


class Mean(Extractor):
    dim = 3

    def __init__(self, weights=""):
        self.weights = weights

    def extract(self, frame):
        return frame["rgb"].mean((0, 1)).astype(np.float32) * SCALE
"""


@pytest.fixture
def sequence(data_root: Path) -> ImageSequence:
    """Return a short sequence."""
    return open_sequence(data_root / "train")


@pytest.fixture
def names(request: pytest.FixtureRequest) -> tuple[str, str]:
    """Return a module and a helper that no other test has loaded."""
    own = f"mine_{abs(hash(request.node.name))}"
    return own, f"{own}_helper"


def write(folder: Path, names: tuple[str, str], scale: float) -> None:
    """Write an extractor, and beside it the module with the number it multiplies by."""
    own, helper = names
    (folder / f"{own}.py").write_text(MODULE.format(helper=helper))
    (folder / f"{helper}.py").write_text(f"SCALE = {scale}\n")


def key(extractor: object, sequence: ImageSequence) -> kept.Key:
    """Return the key of an extractor's vectors."""
    return kept.keys_of([extractor], sequence)[0]  # type: ignore[list-item]


def test_an_edited_helper_is_seen_in_the_same_process(
    config: Callable[..., Path],
    data_root: Path,
    sequence: ImageSequence,
    names: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The next configuration is checked with the code as it is, and finds nothing in the cache.

    Also where bytecode is kept, which takes two files of one second and one size for the same.
    """
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    write(data_root, names, 1.0)
    path, cache, found = config(features=f"[{names[0]}.Mean]"), data_root / "c", []
    for scale in (1.0, 2.0, 1.0):
        (data_root / f"{names[1]}.py").write_text(f"SCALE = {scale}\n")
        load_config(path)
        extraction = extract([FEATURES.create(f"{names[0]}.Mean", {})], sequence, cache)
        found.append((extraction.n_cached, extraction.blocks[0]))
    assert [n for n, _ in found] == [0, 0, 1]
    assert np.array_equal(2 * found[0][1], found[1][1])
    assert np.array_equal(found[0][1], found[2][1])


def test_code_that_was_edited_after_it_was_loaded_is_not_cached(
    data_root: Path, sequence: ImageSequence, names: tuple[str, str]
) -> None:
    """What runs is the old code, what lies on the disk the new: neither may name the vectors."""
    write(data_root, names, 1.0)
    search_first(data_root)
    extractor = import_own(names[0]).Mean()
    assert key(extractor, sequence).name
    (data_root / f"{names[1]}.py").write_text("SCALE = 3.0\n")
    result = extract([extractor], sequence, data_root / "c")
    (line,) = result.not_cached
    assert line.startswith("Mean(weights=''): not cached, ")
    assert f"{names[1]}.py was written after it was loaded" in line
    assert not (data_root / "c").exists()


def test_a_run_says_what_is_not_cached(
    config: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
    data_root: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One line, and one of the report's warnings, for a class that no module holds."""

    class Local(Extractor):
        dim = 3

        def extract(self, frame: object) -> object:
            return np.zeros(3)

    monkeypatch.setattr(FEATURES, "_targets", dict(FEATURES._targets))
    FEATURES.register("local")(Local)
    path = config(features="[local, hsv_histogram]")
    with pytest.raises(SystemExit) as ended:
        main(["run", str(path), "--out", str(data_root / "out"), "--json"])
    assert not ended.value.code
    out, err = capsys.readouterr()
    line = "Local(): not cached, it is defined within a function; put it at the top of a module"
    assert err.count(line) == 1
    assert {"code": "feature-not-cached", "message": line} in json.loads(out)["warnings"]


def test_a_run_names_its_plug_ins_and_resumes_with_the_same_code_alone(
    config: Callable[..., Path],
    capsys: pytest.CaptureFixture[str],
    data_root: Path,
    names: tuple[str, str],
) -> None:
    """Answers of the old code and of the new one do not fit together."""
    write(data_root, names, 1.0)
    path, out = config(features=f"[{names[0]}.Mean]"), data_root / "out"
    with pytest.raises(SystemExit):
        main(["run", str(path), "--out", str(out), "--json"])
    (plugin,) = json.loads(capsys.readouterr().out)["plugins"]
    assert plugin["name"] == f"{names[0]}.Mean"
    assert plugin["origin"] == str(data_root / f"{names[0]}.py")
    for scale, code in ((1.0, 0), (2.0, 2)):
        write(data_root, names, scale)
        with pytest.raises(SystemExit) as ended:
            main(["run", "--resume", str(out), "--json"])
        assert ended.value.code == code
    assert "the run began with the code of" in capsys.readouterr().err


def test_the_files_that_parameters_name_are_part_of_the_key(
    data_root: Path, sequence: ImageSequence, names: tuple[str, str]
) -> None:
    """Another content under the same path is another file; so are the weights beside a network."""
    write(data_root, names, 1.0)
    search_first(data_root)
    weights = data_root / "net.onnx"
    weights.write_bytes(b"one")
    extractors = [
        import_own(names[0]).Mean(weights=str(weights)),
        FEATURES.create("spatial_pyramid", {"extractor": {"name": f"{names[0]}.Mean"}}),
    ]
    first = [key(e, sequence).name for e in extractors]
    weights.write_bytes(b"two")
    second = [key(e, sequence).name for e in extractors]
    (data_root / "net.onnx.data").write_bytes(b"large")
    third = key(extractors[0], sequence).name
    assert all((*first, *second, third))
    assert len({first[0], second[0], third}) == 3
    assert first[1] == second[1]


def test_an_extractor_inside_another_is_part_of_the_key(
    config: Callable[..., Path], data_root: Path, sequence: ImageSequence, names: tuple[str, str]
) -> None:
    """Named within the parameters of a built-in one."""
    feature = {"extractor": {"name": f"{names[0]}.Mean"}}
    keys = []
    for scale in (1.0, 2.0):
        write(data_root, names, scale)
        load_config(config())
        keys.append(key(FEATURES.create("spatial_pyramid", feature), sequence).name)
    assert all(keys)
    assert keys[0] != keys[1]


def test_attributes_beside_the_parameters_are_part_of_the_key(sequence: ImageSequence) -> None:
    """A plain class shows neither in its repr; its place in memory is no name."""
    assert key(Plain(1.0), sequence) == key(Plain(1.0), sequence)
    assert key(Plain(1.0), sequence) != key(Plain(2.0), sequence)


class Plain:
    """An extractor without a base, a repr or parameters."""

    channels = ("rgb",)
    dim = 1

    def __init__(self, gain: float) -> None:
        self._gain = gain

    def extract(self, frame: object) -> np.ndarray:
        return np.array([self._gain], np.float32)


def test_a_module_of_the_same_name_beside_another_configuration_is_that_one(
    tmp_path: Path, names: tuple[str, str], sequence: ImageSequence
) -> None:
    """With its helper; and back."""
    found = []
    for folder, scale in (("a", 1.0), ("b", 2.0), ("a", 1.0)):
        (tmp_path / folder).mkdir(exist_ok=True)
        write(tmp_path / folder, names, scale)
        search_first(tmp_path / folder)
        cls = FEATURES.get(f"{names[0]}.Mean")
        module = sys.modules[cls.__module__]
        found.append((Path(str(module.__file__)).parent.name, module.SCALE))
    assert found == [("a", 1.0), ("b", 2.0), ("a", 1.0)]


def test_a_file_does_not_take_the_place_of_a_package_in_use(tmp_path: Path) -> None:
    (tmp_path / "numpy.py").write_text("class Mean: pass\n")
    search_first(tmp_path)
    with pytest.raises(RobotVisionError, match="the installed package 'numpy' is in use"):
        FEATURES.get("numpy.Mean")
    assert importlib.import_module("numpy") is np


def test_what_was_used_longest_ago_goes_first(
    monkeypatch: pytest.MonkeyPatch, sequence: ImageSequence
) -> None:
    """Reading counts as use; files of others are left alone."""
    folder = kept.cache_folder()
    small = [FEATURES.create("hsv_histogram", {"bins": [n, n, n]}) for n in (2, 3, 4)]
    extract(small, sequence, folder)
    assert len(kept.entries()) == 3
    for age, entry in enumerate(kept.entries()):
        os.utime(entry.path, (1000 + age, 1000 + age))
    oldest, second, _ = (e.path for e in kept.entries())
    (folder / "notes.npy").write_bytes(b"mine")
    keys = [k for k in kept.keys_of(small, sequence) if k.name == oldest.stem]
    assert kept.load(folder, keys[0], len(sequence)) is not None
    left = sum(e.n_bytes for e in kept.entries()) - 1
    monkeypatch.setenv("ROBOTVISION_CACHE_LIMIT", str(left))
    kept.trim(kept.limit_bytes())
    assert not second.exists()
    assert oldest.exists()
    assert (folder / "notes.npy").exists()


def test_the_cache_is_shown_and_cleared(
    capsys: pytest.CaptureFixture[str], sequence: ImageSequence
) -> None:
    extract([FEATURES.create("hsv_histogram", {})], sequence, kept.cache_folder())
    for command, text in (("info", "features  1 files"), ("clear", "removed 1 files, ")):
        with pytest.raises(SystemExit):
            main(["cache", command])
        assert text in capsys.readouterr().out
    assert kept.entries() == []


@pytest.mark.parametrize(
    ("text", "size"), [("500MB", 500_000_000), ("2.5 gb", 2_500_000_000), ("7", 7), ("none", None)]
)
def test_sizes_are_read(text: str, size: int | None) -> None:
    assert kept.size_of(text, "here") == size


def test_what_is_no_size_is_refused() -> None:
    with pytest.raises(RobotVisionError, match="here: expected a size like 500MB"):
        kept.size_of("much", "here")


@pytest.mark.parametrize(
    "header",
    [b"", b"\x93NUMPY\x01\x00", b"{'descr': '<f4', 'shape': (", b"{" * 500, b"\xff" * 128],
    ids=["empty", "cut", "open", "deep", "no text"],
)
def test_a_damaged_entry_is_extracted_anew(tmp_path: Path, header: bytes) -> None:
    """Whatever its header says; one that claims more than memory holds, too."""
    key = kept.Key("a" * 40)
    for raw in (
        header,
        b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header,
        b"\x93NUMPY\x01\x00\x46\x00"
        + b"{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999999, 9)}".ljust(70),
    ):
        (tmp_path / f"{key.name}.npy").write_bytes(raw)
        assert kept.load(tmp_path, key, 3) is None
