"""Every fault of a sequence is found at once, with file and line, and nothing else is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from robotvision.data import open_sequence, read_sequence
from robotvision.data.images import encode_jpeg, encode_png
from robotvision.data.sequence import Reading
from robotvision.data.summary import digest, summary
from robotvision.data.verify import verify
from robotvision.errors import InputFaults
from robotvision.tasks import load_task
from tests.fixtures.commands import CommandLine

Make = Callable[..., Path]


def faults_of(path: Path, task: str | None = None) -> list[str]:
    found = verify(path, load_task(task) if task else None)
    return [str(f).replace(f"{path}/", "") for f in found]


def test_every_image_fault_at_once(layouts: Make) -> None:
    """Missing, empty, cut, no image, wrong size, wrong depth: each at its frame's line."""
    path = layouts("native")
    raw = (path / "rgb" / "000000.jpg").read_bytes()
    (path / "rgb" / "000000.jpg").write_bytes(raw[:-30])
    (path / "rgb" / "000001.jpg").write_bytes(b"")
    (path / "rgb" / "000002.jpg").write_bytes(b"GIF89a, but not really")
    (path / "rgb" / "000005.jpg").unlink()
    (path / "rgb" / "000006.jpg").write_bytes(encode_jpeg(np.zeros((9, 12, 3), np.uint8)))
    (path / "depth" / "000002.png").write_bytes(encode_png(np.zeros((8, 12), np.uint8)))
    (path / "depth" / "000005.png").write_bytes(encode_png(np.zeros((8, 11), np.uint16)))
    assert faults_of(path) == [
        f"frames.csv:2: rgb: rgb/000000.jpg: the image is cut short ({len(raw) - 30} bytes)",
        "frames.csv:3: rgb: rgb/000001.jpg: the image is empty (0 bytes)",
        "frames.csv:4: rgb: rgb/000002.jpg: not an image that can be decoded (22 bytes)",
        "frames.csv:4: depth: depth/000002.png: expected a depth image of one 16-bit channel, "
        "got shape (8, 12) of uint8",
        "frames.csv:5: rgb: rgb/000005.jpg: the image cannot be read (No such file or directory)",
        "frames.csv:5: depth: depth/000005.png: expected 12x8 pixels as in depth/000000.png, "
        "got 11x8",
        "frames.csv:6: rgb: rgb/000006.jpg: expected 12x8 pixels as the calibration says, got 12x9",
    ]


def test_tables_truth_and_images_together(layouts: Make) -> None:
    """Faults of the tables come with those of the images, each once."""
    path = layouts("native")
    text = (path / "frames.csv").read_text().splitlines()
    text[3] = text[3].replace("2,1000000000400000000", "2,1000000000100000000")
    text[5] = text[5].replace("6,", "5,", 1)
    (path / "frames.csv").write_text("\n".join(text))
    (path / "rgb" / "000001.jpg").unlink()
    assert faults_of(path) == [
        "frames.csv:4: time goes back: 1000000000100000000 ns after 1000000000200000000 ns; "
        "order frames by time",
        "frames.csv:6: the index 5 is there twice (first in line 5); number each frame once",
        "truth.csv:6: truth for the frame 6, which is not in frames.csv",
        "frames.csv:3: rgb: rgb/000001.jpg: the image cannot be read (No such file or directory)",
    ]


def test_rooms_and_objects_outside_the_task(layouts: Make, tmp_path: Path) -> None:
    """A label that the given task does not have is found at its line of the truth."""
    path = layouts("native")
    task = tmp_path / "own.yaml"
    task.write_text(
        "extends: imageclef2012\nrooms: [Corridor, Kitchn]\nobjects: [Chair]\n"
        "points: {objects: {stated_present: {present: 1}}}\n"
    )
    found = faults_of(path, str(task))
    assert found == [
        *(
            f"truth.csv:{n}: the room 'Kitchen' is not one of the task imageclef2012-own; did you "
            "mean 'Kitchn'?; rooms: Corridor, Kitchn"
            for n in (2, 3, 4)
        ),
        "truth.csv:6: the object 'Fridge' is not one of the task imageclef2012-own; objects: Chair",
    ]
    assert faults_of(path, "rooms") == []


def test_two_spellings_of_a_room_are_found_without_a_task(layouts: Make) -> None:
    """The rarer one is taken for the mistake."""
    path = layouts("native")
    truth = (path / "truth.csv").read_text().replace("Kitchen", "kitchen", 1)
    (path / "truth.csv").write_text(truth)
    (fault,) = faults_of(path)
    assert fault.startswith("truth.csv:2: the room 'kitchen' is not one of the task rooms; did you")


def test_task_the_sequence_names(layouts: Make) -> None:
    """Without a task given, the one in sequence.yaml is taken."""
    path = layouts("native")
    header = (path / "sequence.yaml").read_text()
    (path / "sequence.yaml").write_text(header + "task: imageclef2012\n")
    assert [f.partition(":")[0] for f in faults_of(path)] == ["truth.csv"] * 3
    (path / "sequence.yaml").write_text(header + "task: imageclef1812\n")
    assert faults_of(path)[0].startswith("sequence.yaml: task: task 'imageclef1812' is not known")


def test_layout_without_a_table_names_the_image(layouts: Make) -> None:
    """Where no table has a line for a frame, the fault is at the image itself."""
    path = layouts("idol2")
    image = sorted((path / "png").iterdir())[2]
    image.write_bytes(b"")
    assert faults_of(path) == [f"png/{image.name}: the image is empty (0 bytes)"]


def test_tum_fault_is_at_the_line_of_its_table(layouts: Make) -> None:
    path = layouts("tum")
    name = "depth/1305031102.226738.png"
    (path / name).unlink()
    assert faults_of(path) == [
        f"rgb.txt:4: depth: {name}: the image cannot be read (No such file or directory)"
    ]


def test_broken_cloud(layouts: Make) -> None:
    path = layouts("imageclef2012")
    (path / "depth" / "depth_2.pcd").write_text("junk")
    assert faults_of(path) == [
        "depth/depth_2.pcd: not a PCD file: no DATA line in its header",
    ]


def test_order_is_checked_whatever_read_it(layouts: Make) -> None:
    """A sequence put together by other code is checked for order too."""
    sequence = open_sequence(layouts("folder"))
    backwards = sequence.frames[::-1]
    object.__setattr__(sequence, "frames", (*backwards, backwards[-1]))
    messages = [f.message for f in verify(Reading(sequence))]
    assert messages == [
        "the index 1 follows 2",
        "time goes back: 200000000 ns after 400000000 ns",
        "the index 0 follows 1",
        "time goes back: 0 ns after 200000000 ns",
        "the index 0 is there twice",
    ]


def test_progress_reaches_the_end(layouts: Make) -> None:
    seen: list[tuple[str, int, int]] = []
    verify(layouts("native"), progress=lambda *call: seen.append(call))
    assert seen == [("tiny", n, 5) for n in range(1, 6)]


def test_a_link_out_of_the_sequence_is_named(layouts: Make, tmp_path: Path) -> None:
    """A stranger's sequence cannot show images of ours unnoticed; a link inside it may stay."""
    path = layouts("native")
    first, second = path / "rgb" / "000000.jpg", path / "rgb" / "000001.jpg"
    (tmp_path / "private.jpg").write_bytes(first.read_bytes())
    first.unlink()
    first.symlink_to(tmp_path / "private.jpg")
    second.unlink()
    second.symlink_to(path / "rgb" / "000002.jpg")
    reading = read_sequence(path)
    assert [str(f).replace(f"{path}/", "") for f in reading.faults] == [
        "frames.csv:2: rgb: rgb/000000.jpg: a link that leaves the sequence's folder; put the "
        "image itself there"
    ]
    with pytest.raises(InputFaults, match="leaves the sequence's folder"):
        open_sequence(path)


def test_a_folder_that_is_a_link_out_is_named(layouts: Make, tmp_path: Path) -> None:
    """Every image in it; a link to the sequence itself opens."""
    path = layouts("native")
    (tmp_path / "seq").symlink_to(path)
    assert len(open_sequence(tmp_path / "seq")) == 5
    (path / "rgb").rename(tmp_path / "elsewhere")
    (path / "rgb").symlink_to(tmp_path / "elsewhere")
    assert len(read_sequence(path).faults) == 5


def test_nothing_there(tmp_path: Path) -> None:
    assert [f.message for f in verify(tmp_path / "no")] == ["no such folder"]


def test_command_says_ok(layouts: Make, robotvision: CommandLine) -> None:
    """A good sequence is one line on stdout and exit 0."""
    path = layouts("native")
    done = robotvision("data", "verify", path, "--task", "rooms")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"ok: 5 frames, rgb, depth, 2 rooms ({path})\n"


def test_command_lists_faults(layouts: Make, robotvision: CommandLine) -> None:
    """Faults are one line each on stderr and exit 2; other sequences are checked all the same."""
    good, bad = layouts("folder"), layouts("native")
    (bad / "rgb" / "000001.jpg").unlink()
    done = robotvision("data", "verify", bad, good)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        f"{bad}/frames.csv:3: rgb: rgb/000001.jpg: the image cannot be read (No such file or "
        "directory)",
        f"{bad}: 1 fault in 5 frames",
    ]
    assert done.stdout == f"ok: 3 frames, rgb, no truth ({good})\n"
    done = robotvision("data", "verify", bad, good, "--json")
    assert (done.returncode, done.stderr) == (2, "")
    first, second = json.loads(done.stdout)["sequences"]
    assert (first["ok"], first["frames"], first["faults"][0]["line"]) == (False, 5, 3)
    assert second == {"path": str(good), "ok": True, "frames": 3, "faults": [], "warnings": []}


def test_command_info(layouts: Make, robotvision: CommandLine) -> None:
    """The card holds what the JSON says; a broken sequence is exit 2."""
    path = layouts("native")
    done = robotvision("data", "info", path, "--json")
    assert done.returncode == 0
    card = json.loads(done.stdout)
    assert card["frames"] == 5
    assert card["rooms"] == {"Corridor": 2, "Kitchen": 3}
    assert card["channels"] == ["rgb", "depth"]
    assert card["segments"] == 2
    assert card["rate_hz"] == 5
    assert card["sizes"] == {"rgb": [12, 8], "depth": [12, 8]}
    assert card["poses"] == 5
    text = robotvision("data", "info", path).stdout
    assert "5 in 2 segments" in text
    assert card["digest"] in text
    (path / "frames.csv").write_text("index\n")
    assert robotvision("data", "info", path).returncode == 2


def test_digest_follows_the_content(layouts: Make) -> None:
    """The same images at the same times have one digest wherever they lie; others do not."""
    a, b = layouts("native", "a"), layouts("native", "b")
    one = digest(open_sequence(a))
    assert one == digest(open_sequence(b))
    image = np.zeros((8, 12, 3), np.uint8)
    ok, raw = cv2.imencode(".jpg", image)
    assert ok
    (b / "rgb" / "000001.jpg").write_bytes(raw.tobytes())
    assert digest(open_sequence(b)) not in (one, None)
    (b / "rgb" / "000001.jpg").unlink()
    assert digest(open_sequence(b)) is None


@pytest.mark.parametrize("size", ["calibrated", "looked at"])
def test_summary_sizes(layouts: Make, size: str) -> None:
    path = layouts("native" if size == "calibrated" else "folder")
    assert summary(read_sequence(path).sequence)["sizes"]["rgb"] == (12, 8)  # type: ignore[arg-type]
