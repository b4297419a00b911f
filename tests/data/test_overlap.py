"""What training has seen of the test is found; what only looks like it is not."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from robotvision.data import open_sequence
from robotvision.data.digest import table_digest
from robotvision.data.fingerprint import SIDE, cells_of, fingerprints, hashes_of
from robotvision.data.overlap import Overlap, find_overlap
from robotvision.data.sequence import ImageSequence

ROOT = Path(__file__).parents[2]
LIGHTS = ("cloudy", "sunny", "night")
N = 48
Change = Callable[[np.ndarray], np.ndarray]


def building(light: str) -> ImageSequence:
    return open_sequence(ROOT / f"sequences/building_{light}")


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., ImageSequence]:
    """Write the first frames of the building by day, each image changed; as JPEG unless named."""

    def write(change: Change, quality: int = 90, suffix: str = ".jpg") -> ImageSequence:
        folder = tmp_path / "written"
        shutil.copytree(ROOT / "sequences/building_cloudy", folder)
        (folder / "sequence.yaml").write_text("name: written\nchannels: {rgb: {kind: color}}\n")
        lines = (folder / "frames.csv").read_text().splitlines()[: N + 1]
        kept = [",".join(line.split(",")[:4]).replace(".jpg", suffix) for line in lines]
        (folder / "frames.csv").write_text("\n".join(kept) + "\n")
        (folder / "truth.csv").unlink()
        for path in sorted((folder / "rgb").iterdir())[:N]:
            image = change(cv2.imread(str(path)))
            cv2.imwrite(str(path.with_suffix(suffix)), image, [cv2.IMWRITE_JPEG_QUALITY, quality])
        return open_sequence(folder)

    return write


def alternate(sequence: ImageSequence, first: int) -> ImageSequence:
    """Every second frame, as a sequence of its own folder, without poses."""
    frames = tuple(replace(f, pose=None) for f in sequence.frames[first::2])
    return replace(sequence, frames=frames, root=Path(f"/alternate/{first}"))


def clipped(image: np.ndarray) -> np.ndarray:
    return np.clip(image, 0, 255).astype(np.uint8)


CHANGES: dict[str, tuple[Change, int, str]] = {
    "JPEG 50": (lambda i: i, 50, ".jpg"),
    "PNG": (lambda i: i, 90, ".png"),
    "half size": (lambda i: cv2.resize(i, None, fx=0.5, fy=0.5), 90, ".jpg"),
    "other proportions": (lambda i: cv2.resize(i, (224, 224)), 90, ".jpg"),
    "brighter": (lambda i: clipped(i * 1.3), 90, ".jpg"),
    "darker": (lambda i: clipped(i - 40.0), 90, ".jpg"),
    "blurred, JPEG 50": (lambda i: cv2.GaussianBlur(i, (3, 3), 0), 50, ".jpg"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_altered_copies_of_images_are_found(
    written: Callable[..., ImageSequence], name: str
) -> None:
    """Most frames are found, each as the copy of its own original."""
    change, quality, suffix = CHANGES[name]
    copy = written(change, quality, suffix)
    original = replace(building("cloudy"), root=Path("/elsewhere"))
    # without poses, so that the images alone give it away
    original = replace(original, frames=tuple(replace(f, pose=None) for f in original.frames))
    overlap = find_overlap([original], [copy])
    assert set(overlap.counts()) == {"near-identical image"}
    assert overlap.share > 0.6
    right = [pair.train_frame == pair.test_frame for pair in overlap.counted]
    assert sum(right) >= len(right) - 1


@pytest.mark.parametrize("train", LIGHTS)
@pytest.mark.parametrize("test", LIGHTS)
def test_honest_sequences_share_nothing(train: str, test: str) -> None:
    """Other light, other way: no pair of frames at all. A sequence and itself: every frame."""
    overlap = find_overlap([building(train)], [building(test)])
    if train == test:
        assert overlap.counts() == {"same file": len(building(test))}
        assert overlap.share == 1.0
    else:
        assert overlap == Overlap(len(building(test)))


def test_a_copied_folder_and_a_link_to_it(tmp_path: Path) -> None:
    """The copy holds the same bytes; the link leads to the same files."""
    source = ROOT / "sequences/building_night"
    shutil.copytree(source, tmp_path / "copy")
    (tmp_path / "link").symlink_to(source)
    night = building("night")
    for name, reason in (("copy", "same bytes"), ("link", "same file")):
        found = find_overlap([open_sequence(tmp_path / name)], [night])
        assert found.counts() == {reason: len(night)}


@pytest.mark.parametrize("light", LIGHTS)
def test_alternate_frames_of_a_recording_are_found(light: str) -> None:
    """By their times and what they show, without poses and in either role."""
    even, odd = alternate(building(light), 0), alternate(building(light), 1)
    for train, test in ((even, odd), (odd, even)):
        overlap = find_overlap([train], [test])
        assert overlap.counts()["between two training frames"] >= 0.95 * len(test)
        apart = [abs(p.train_frame - p.test_frame) for p in overlap.counted]
        assert max(apart) == 1


def test_parts_of_a_recording_that_follow_each_other_are_honest() -> None:
    """A recording cut in three, the middle as test; overlapping parts share what they share."""
    night = building("night")
    n = len(night)
    first, middle, last = night.part(0, 40), night.part(40, 80), night.part(80, n)
    assert not find_overlap([first, last], [middle]).counted
    assert len(find_overlap([night.part(0, 60)], [night.part(40, n)]).counted) == 20


def test_a_time_of_day_needs_no_images(tmp_path: Path) -> None:
    """Clocks that count from 1970 interleave: one recording, whatever the images show."""
    since_1970 = 1_700_000_000 * 10**9

    def moved(sequence: ImageSequence, shift_ns: int) -> ImageSequence:
        frames = tuple(
            replace(f, timestamp_ns=f.timestamp_ns + shift_ns, pose=None) for f in sequence.frames
        )
        return replace(sequence, frames=frames, root=tmp_path / sequence.name)

    shift_ns = 200_000_000
    train, test = moved(building("cloudy"), since_1970), building("night")
    assert find_overlap([train], [moved(test, since_1970 + shift_ns)]).share > 0.9
    # the same times from 0 are those of any two recordings
    assert not find_overlap([moved(building("cloudy"), 0)], [moved(test, shift_ns)]).counted


def test_the_same_poses_at_the_same_times_find_cropped_images(
    written: Callable[..., ImageSequence],
) -> None:
    """Images altered too much for their hash are found by the table copied with them."""
    day = building("cloudy")
    cropped = written(lambda i: cv2.resize(i[12:-12, 16:-16], (320, 240)))
    with_poses = replace(
        cropped,
        frames=tuple(
            replace(f, pose=g.pose) for f, g in zip(cropped.frames, day.frames, strict=False)
        ),
    )
    assert find_overlap([day], [cropped]).share < 0.5
    overlap = find_overlap([day], [with_poses])
    assert overlap.counts()["same pose at the same time"] > N / 2
    assert overlap.share == 1.0


def test_few_look_alikes_do_not_count_but_a_copied_file_does(
    written: Callable[..., ImageSequence], tmp_path: Path
) -> None:
    """Two near-identical images in 48 are listed apart; one copied file is enough."""
    day = building("cloudy")
    copy = written(lambda i: i, 50)
    train = replace(copy, frames=copy.frames[10:12], root=tmp_path)
    overlap = find_overlap([train], [day])
    assert (len(overlap.counted), len(overlap.others)) == (0, 2)
    assert len(find_overlap([day.part(5, 6)], [day]).counted) == 1


def test_a_sequence_known_by_its_table_alone() -> None:
    """Where training's images are gone, the table of a test sequence still tells it."""
    night = building("night")
    overlap = find_overlap([], [night], tables={table_digest(night): "night, before"})
    assert overlap.counts() == {"same sequence": len(night)}
    assert overlap.counted[0].train == "night, before"


def test_plain_and_broken_images_have_no_hash(tmp_path: Path) -> None:
    """A wall, the dark and a broken file look like each other without being copies."""
    assert not hashes_of(cells_of(np.full((240, 320), 90, np.uint8))[None]).any()
    shutil.copytree(ROOT / "sequences/building_night", tmp_path / "broken")
    (tmp_path / "broken/rgb/000003.jpg").write_bytes(b"no image")
    (tmp_path / "broken/rgb/000004.jpg").unlink()
    prints = fingerprints(open_sequence(tmp_path / "broken"))
    assert not prints.has_hash[[3, 4]].any()
    assert prints.digests[4] == b""
    assert prints.has_hash.mean() > 0.9


def test_empty_files_are_no_copies_of_each_other(tmp_path: Path) -> None:
    """Two cameras that failed have not seen the same."""
    for light in ("cloudy", "night"):
        shutil.copytree(ROOT / f"sequences/building_{light}", tmp_path / light)
        for path in (tmp_path / light / "rgb").iterdir():
            path.write_bytes(b"")
    day, night = (open_sequence(tmp_path / light) for light in ("cloudy", "night"))
    assert find_overlap([day], [night]) == Overlap(len(night))


def test_hashes_from_the_cache_are_those_of_the_images(tmp_path: Path) -> None:
    """To half precision; an image that changes is hashed anew."""
    shutil.copytree(ROOT / "sequences/building_night", tmp_path / "night")
    fresh = fingerprints(open_sequence(tmp_path / "night"), tmp_path / "cache")
    again = fingerprints(open_sequence(tmp_path / "night"), tmp_path / "cache")
    assert again.digests == fresh.digests
    np.testing.assert_allclose(again.hashes, fresh.hashes, atol=1e-3)
    assert fresh.hashes.shape == (125, SIDE * SIDE)
    shutil.copy(tmp_path / "night/rgb/000000.jpg", tmp_path / "night/rgb/000001.jpg")
    changed = fingerprints(open_sequence(tmp_path / "night"), tmp_path / "cache")
    np.testing.assert_array_equal(changed.hashes[0], changed.hashes[1])
    assert len(list((tmp_path / "cache").iterdir())) == 2
