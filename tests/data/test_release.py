"""What is handed out: images that cannot be told from each other by anything but their pixels."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from robotvision.cli import main
from robotvision.data import open_sequence
from robotvision.data.faces import blur_boxes, face_blur
from robotvision.data.native import SequenceWriter
from robotvision.data.release import ReleaseOptions, ReleaseSplit, release
from robotvision.data.release_key import read_key
from robotvision.data.sequence import ImageSequence
from robotvision.errors import InputFaults, RobotVisionError

SECRETS = ("Kitchen", "Office", "Hall", "nightdrive", "seed", "1600000", "IMG_")


def _call(arguments: list[str]) -> int:
    """Run the command line; return its exit code."""
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    return int(stop.value.code or 0)


def _source(path: Path, n_segments: int = 3, n_each: int = 4) -> ImageSequence:
    """Write a sequence whose every table, name and file gives something away."""
    rng = np.random.default_rng(0)
    with SequenceWriter(
        path, "nightdrive", {"rgb": "color", "depth": "depth_mm"}, note="made with seed 7"
    ) as writer:
        for i in range(n_segments * n_each):
            image = rng.integers(0, 255, (24, 32, 3)).astype(np.uint8)
            ok, jpeg = cv2.imencode(".jpg", image)
            assert ok
            exif = b"\xff\xe1\x00\x10Exif\0\0Kitchen\0"
            writer.add(
                1_600_000_000_000_000_000 + i * i * 200_000_000,
                {
                    "rgb": jpeg.tobytes()[:2] + exif + jpeg.tobytes()[2:],
                    "depth": rng.integers(1, 5000, (24, 32)).astype(np.uint16),
                },
                segment=i // n_each,
                pose=(float(i), 1.5, 0.25),
                room=("Kitchen", "Office", "Hall")[i // n_each % 3],
                index=3 * i + 5,
                stem=f"IMG_{900 - i}",
            )
    return open_sequence(path)


@pytest.mark.parametrize("order", ["keep", "shuffle"])
def test_nothing_but_pixels_is_released(tmp_path: Path, order: str) -> None:
    """No word, time, pose, name, cut or metadata of the source; depth exact, colour near."""
    source = _source(tmp_path / "source")
    written = release([source], tmp_path / "out", tmp_path / "key", ReleaseOptions(order, seed=1))
    (piece,) = written.key.sequences
    folder = tmp_path / "out" / piece.folder
    for path in folder.rglob("*"):
        for secret in SECRETS:
            assert secret not in path.name
            assert path.is_dir() or secret.encode() not in path.read_bytes()
    assert not (folder / "truth.csv").exists()
    released = open_sequence(folder)
    assert released.truth is None
    assert [e.index for e in released.frames] == list(range(12))
    assert (
        len(
            {
                b.timestamp_ns - a.timestamp_ns
                for a, b in zip(released.frames, released.frames[1:], strict=False)
            }
        )
        == 1
    )
    assert {e.pose for e in released.frames} == {None}
    assert [e.segment for e in released.frames] == ([0] * 12 if order == "keep" else [*range(12)])
    position_of = {e.index: k for k, e in enumerate(source.frames)}
    assert sorted(piece.indices) == sorted(position_of)
    assert (list(piece.indices) == sorted(piece.indices)) is (order == "keep")
    for number, index in enumerate(piece.indices):
        ours, theirs = released.load(number), source.load(position_of[index])
        np.testing.assert_array_equal(ours["depth"], theirs["depth"])
        assert np.abs(ours["rgb"].astype(int) - theirs["rgb"]).mean() < 12  # noise, at JPEG 95


def test_the_order_is_another_one_each_time(tmp_path: Path) -> None:
    source = _source(tmp_path / "source")
    for k in range(2):
        release([source], tmp_path / f"out{k}", tmp_path / f"key{k}", ReleaseOptions("shuffle"))
    first, second = (read_key(tmp_path / f"key{k}").sequences[0].indices for k in range(2))
    assert first != second


def test_a_split_goes_by_whole_segments(tmp_path: Path) -> None:
    """Every frame in one part, no segment in two; the open part has truth and cuts."""
    source = _source(tmp_path / "source", n_segments=10)
    options = ReleaseOptions(
        split=ReleaseSplit("validation", 0.3), with_truth=("validation",), seed=3
    )
    written = release([source], tmp_path / "out", tmp_path / "key", options)
    assert [s.folder for s in written.key.sequences] == ["validation1", "test1"]
    validation, test = (set(s.indices) for s in written.key.sequences)
    assert not validation & test
    assert len(validation) == 12
    segment_of = {e.index: e.segment for e in source.frames}
    assert not {segment_of[i] for i in validation} & {segment_of[i] for i in test}
    opened = open_sequence(tmp_path / "out" / "validation1")
    assert [t.room for t in (opened.truth or {}).values()] == [
        source.truth[i].room for i in written.key.sequences[0].indices
    ]
    assert len({e.segment for e in opened.frames}) == 3
    assert open_sequence(tmp_path / "out" / "test1").truth is None


def test_the_key_is_for_its_owner(tmp_path: Path) -> None:
    source = _source(tmp_path / "source")
    release([source], tmp_path / "out", tmp_path / "key")
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    for data in (b"", b"[]", b'{"kind": "other"}', b"\xff", (tmp_path / "key").read_bytes()[:-9]):
        (tmp_path / "broken").write_bytes(data)
        with pytest.raises(InputFaults, match="not the key of a release"):
            read_key(tmp_path / "broken")


@pytest.mark.parametrize(
    ("target", "key", "message"),
    [
        ("source", "key", "exists already; give a folder"),
        ("out", "out/key", "lies in the folder that is handed out"),
        ("out", "source/frames.csv", "exists already; name another"),
    ],
)
def test_nothing_is_replaced(tmp_path: Path, target: str, key: str, message: str) -> None:
    source = _source(tmp_path / "source")
    with pytest.raises(RobotVisionError, match=message):
        release([source], tmp_path / target, tmp_path / key)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["source"]


def test_what_cannot_be_split_or_told_apart_is_refused(tmp_path: Path) -> None:
    source = _source(tmp_path / "source", n_segments=1)
    with pytest.raises(RobotVisionError, match="one segment only"):
        release(
            [source], tmp_path / "o", tmp_path / "k", ReleaseOptions(split=ReleaseSplit("v", 0.5))
        )
    with pytest.raises(RobotVisionError, match="no part is called 'val'; the parts are: test"):
        release([source], tmp_path / "o", tmp_path / "k", ReleaseOptions(with_truth=("val",)))
    with pytest.raises(RobotVisionError, match="two sequences are called 'nightdrive'"):
        release([source, source], tmp_path / "o", tmp_path / "k")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["source"]


def test_a_run_over_shuffled_frames_scores_as_over_the_source(
    tmp_path: Path, tour: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    """The same answer to the same image earns the same points, by command, through the key."""
    truth = tour(tmp_path / "night")
    options = ["-o", str(tmp_path / "out"), "--key", str(tmp_path / "key"), "--order", "shuffle"]
    assert _call(["data", "release", str(truth), *options]) == 0
    rooms = {i: t.room for i, t in (open_sequence(truth).truth or {}).items()}
    answer = {i: room if i % 3 else "Hall" for i, room in rooms.items()}
    (piece,) = read_key(tmp_path / "key").sequences
    (tmp_path / "plain.txt").write_text("".join(f"{i + 1} {a}\n" for i, a in answer.items()))
    (tmp_path / "ours.txt").write_text(
        "".join(f"{k} {answer[i]}\n" for k, i in enumerate(piece.indices, 1))
    )
    capsys.readouterr()
    key = ["--key", str(tmp_path / "key")]
    command = ["score", "--task", "rooms", "--truth", str(truth), "--json"]
    assert _call([*command, str(tmp_path / "plain.txt")]) == 0
    plain = json.loads(capsys.readouterr().out)
    assert _call([*command, str(tmp_path / "ours.txt"), *key]) == 0
    ours = json.loads(capsys.readouterr().out)
    assert (ours["points"], ours["rooms"]) == (plain["points"], plain["rooms"])
    assert _call([*command, str(tmp_path / "ours.txt")]) == 0
    assert json.loads(capsys.readouterr().out)["points"] != plain["points"]
    assert _call([*command, str(tmp_path / "ours.txt"), *key, "--part", "val"]) == 2
    assert "no part is called 'val'; the release has: test" in capsys.readouterr().err


def test_boxes_are_blurred_and_nothing_else() -> None:
    image = np.random.default_rng(0).integers(0, 255, (60, 80, 3)).astype(np.uint8)
    blurred = blur_boxes(image, [np.array([70.0, -5.0, 20.0, 30.0])])
    inside = np.zeros((60, 80), bool)
    inside[:31, 67:] = True
    np.testing.assert_array_equal(blurred[~inside], image[~inside])
    assert blurred[:25, 70:].std() < 0.25 * image[:25, 70:].std()


def test_a_model_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"no model")
    with pytest.raises(RobotVisionError, match="not a YuNet model"):
        face_blur(tmp_path / "model.onnx")
