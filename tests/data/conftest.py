"""Tiny sequences in each layout, made anew for every test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from robotvision.data.images import encode_jpeg, encode_png
from robotvision.data.native import SequenceWriter
from robotvision.records import Truth
from tests.fixtures.kit2014 import write_kit

IDOL2_NAMES = (
    "t1138915584.666738_rPA_x6.20243_y8.58076_a-1.67569.png",
    "t1138915584.866778_rPA_x6.19176_y-8.5e-05_a-1.67624.png",
    "t1138915585.066768_rCR_x6.18387_y8.37457_a-1.6718.png",
    "t1138915585.266700_rBO_x1.90629_y21.9662_a0.0953478.png",
    "t1138915585.466700_rKT_x2_y21.9662_a0.1.png",
    "t1138915585.666700_rEO_x-0_y1e+01_a3.png",
)
COLD_NAMES = (
    "t1152043200.634119_x1.234567_y-2.000000_a0.100000.jpeg",
    "t1152043200.834119.jpeg",
    "t1152043201.034119_x1.5_y2e-05_a-3.jpeg",
    "t1152043201.234119_x1.2345678_y2.0000000_a0.1000000.jpeg",
)


def color(i: int, width: int = 12, height: int = 8) -> NDArray[np.uint8]:
    """Return an image that is not like another one."""
    return np.full((height, width, 3), (10 * i + 5, 100, 200), np.uint8)


def depth(i: int, units: int = 1) -> NDArray[np.uint16]:
    """Return a depth image: a hole and i + 1 metres."""
    image = np.full((8, 12), 1000 * (i + 1) * units, np.uint16)
    image[0, 0] = 0
    return image


def put(path: Path, raw: bytes | str) -> None:
    """Write a file and its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(raw.encode() if isinstance(raw, str) else raw)


def cloud(form: str = "ascii") -> str:
    """Return an organised 3 x 2 cloud as ASCII PCD: z 1 to 6 metres, the second point a hole."""
    points = "\n".join(
        "nan nan nan 0" if i == 1 else f"0.5 -0.25 {i + 1} 4.2108e+06" for i in range(6)
    )
    return (
        "# .PCD v0.7\nVERSION 0.7\nFIELDS x y z rgb\nSIZE 4 4 4 4\nTYPE F F F F\nCOUNT 1 1 1 1\n"
        f"WIDTH 3\nHEIGHT 2\nVIEWPOINT 0 0 0 1 0 0 0\nPOINTS 6\nDATA {form}\n{points}\n"
    )


def native(root: Path) -> Path:
    """Five frames in two segments, with depth, poses, objects and a gap in the numbers."""
    calibration = {"rgb": {"width": 12, "height": 8, "fx": 10.0}}
    channels = {"rgb": "color", "depth": "depth_mm"}
    with SequenceWriter(root, "tiny", channels, 5.0, calibration, note="made") as w:
        for i, index in enumerate((0, 1, 2, 5, 6)):
            images = {"rgb": color(i)} | ({} if i == 1 else {"depth": depth(i)})
            w.add(
                10**18 + index * 200_000_000,
                images,
                segment=i // 3,
                pose=(i / 2, -1.0, 0.25),
                room=Truth(
                    "Kitchen" if i < 3 else "Corridor",
                    frozenset({"Chair", "Fridge"}) if i == 4 else frozenset(),
                ),
                index=index,
            )
    return root


def imageclef2012(root: Path) -> Path:
    """Numbers 1, 2, 10 and 11, one of them .jpeg; depth and cloud for some; truth for three."""
    for i, name in enumerate(("rgb_1.jpg", "rgb_2.jpeg", "rgb_10.jpg", "rgb_11.jpg")):
        put(root / "std_cam" / name, encode_jpeg(color(i)))
    put(root / "depth" / "depth_1.png", encode_png(depth(0)))
    put(root / "depth" / "depth_10.png", encode_png(depth(2)))
    put(root / "depth" / "depth_2.pcd", cloud())
    put(
        root / "locations" / "rgb.txt",
        "rgb_1.jpg: Corridor\nrgb_2.jpeg: Toilet\nrgb_11.jpg: Corridor\n",
    )
    return root


def idol2(root: Path) -> Path:
    """Six images in a folder png/."""
    for i, name in enumerate(IDOL2_NAMES):
        put(root / "png" / name, encode_png(color(i)))
    return root


def idol2_flat(root: Path) -> Path:
    """Six images, no folder png/."""
    for i, name in enumerate(IDOL2_NAMES):
        put(root / name, encode_png(color(i)))
    return root


def cold(root: Path) -> Path:
    """Four images in three forms of numbers, one without a pose, one without a room."""
    for i, name in enumerate(COLD_NAMES):
        put(root / "std_cam" / name, encode_jpeg(color(i)))
    codes = ("2PO1-A", "CR-B", "LAB")
    put(
        root / "localization" / "places.lst",
        "".join(f"{n} {c}\n" for n, c in zip(COLD_NAMES, codes, strict=False)),
    )
    put(root / "odom_scans" / "odom_scans.log", "# odometry\n")
    return root


def vidrilo(root: Path) -> Path:
    """Two sequences with two and three images, clouds in the first."""
    from scipy.io import savemat

    entries = np.empty((1, 2), [("visualFiles", "O"), ("features", "O"), ("labels", "O")])
    for s, numbers in enumerate(((1, 8), (10, 2, 2))):
        names = [f"vis_{i + 1:04d}.png" for i in range(len(numbers))]
        for i, name in enumerate(names):
            folder = root / f"Sequence{s + 1}"
            put(folder / "visualInformation" / name, encode_png(color(3 * s + i)))
            if s == 0:
                put(folder / "depthInformation" / f"depth_{i + 1:04d}.pcd", cloud())
        cells = np.empty((len(names), 1), object)
        cells[:, 0] = names
        entries[0, s] = (cells, np.zeros((2, 2)), np.array(numbers, np.uint8)[:, None])
    savemat(root / "ConfigurationVidriloPrecomputedFeatures.mat", {"Configuration": entries})
    return root


def imageclef2014(root: Path) -> Path:
    """Four images for training, the second without a cloud, and two for validation, with truth."""
    for n in range(1, 5):
        put(root / "trainingVisual" / f"visual_{n}.png", encode_png(color(n)))
        if n != 2:
            put(root / "trainingDepth" / f"depth_{n}.pcd", cloud())
    training = [
        ("visual_1.png", 3, (0, 1)),
        ("visual_2.png", 1, (0, 0)),
        ("visual_3.png", 2, (1, 1)),
        ("visual_4.png", 1, (1, 0)),
    ]
    validation = [("visualValidation_1.png", 1, (1, 0)), ("visualValidation_2.png", 3, (0, 0))]
    mat = root / "ConfigurationValidation.mat"
    write_kit(mat, trainingInfo=training, testInfo=validation)
    return root


def tum(root: Path) -> Path:
    """Four frames; the third has no depth near, the last no pose."""
    times = ("1305031102.175304", "1305031102.211214", "1305031102.275326", "1305031102.311267")
    rows = "".join(f"{t} rgb/{t}.png\n" for t in times)
    put(root / "rgb.txt", f"# color images\n# timestamp filename\n{rows}")
    for i, t in enumerate(times):
        put(root / "rgb" / f"{t}.png", encode_png(color(i)))
    depths = ("1305031102.160407", "1305031102.226738", "1305031102.311300")
    put(root / "depth.txt", "# depth maps\n" + "".join(f"{t} depth/{t}.png\n" for t in depths))
    for i, t in enumerate(depths):
        put(root / "depth" / f"{t}.png", encode_png(depth(i, 5)))
    poses = "".join(f"{t} {i} 2 3 0 0.70710678 0 0.70710678\n" for i, t in enumerate(times[:3]))
    put(root / "groundtruth.txt", f"# timestamp tx ty tz qx qy qz qw\n{poses}")
    return root


def folder(root: Path) -> Path:
    """Three images whose natural order is not that of the alphabet."""
    for i, name in enumerate(("img_1.png", "img_2.png", "img_10.png")):
        put(root / name, encode_png(color(i)))
    put(root / "notes.txt", "not an image")
    return root


def imagefolder(root: Path) -> Path:
    """Two rooms of three and two images, one room's folder without any, and a file beside them."""
    for i, name in enumerate(("img_1.png", "img_2.png", "img_10.png")):
        put(root / "Kitchen" / name, encode_png(color(i)))
    for i, name in enumerate(("img_1.png", "img_2.png"), 3):
        put(root / "Office 2" / name, encode_png(color(i)))
    put(root / "Attic" / "notes.txt", "not an image")
    put(root / "labels.txt", "Kitchen")
    return root


def video(root: Path, n: int = 60) -> Path:
    """A Motion JPEG of 60 frames, 10 a second, each of its own grey."""
    root.parent.mkdir(parents=True, exist_ok=True)
    path = root.with_suffix(".avi")
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for i in range(n):
        writer.write(np.full((48, 64, 3), 4 * i, np.uint8))
    writer.release()
    return path


MAKERS: dict[str, Callable[[Path], Path]] = {
    f.__name__: f
    for f in (
        native,
        imageclef2012,
        imageclef2014,
        idol2,
        idol2_flat,
        cold,
        vidrilo,
        tum,
        folder,
        imagefolder,
        video,
    )
}


class Layouts:
    """Makes a sequence of a layout in the test's own folder."""

    names = tuple(MAKERS)

    def __init__(self, root: Path) -> None:
        self.root = root

    def __call__(self, layout: str, name: str | None = None) -> Path:
        root = self.root / (name or layout)
        if layout != "video":
            root.mkdir(parents=True)
        return MAKERS[layout](root)


@pytest.fixture
def layouts(tmp_path: Path) -> Layouts:
    """Return ``layouts("tum")``: makes that layout and returns its path."""
    return Layouts(tmp_path)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for ``each_layout`` once for each of them."""
    if "each_layout" in metafunc.fixturenames:
        metafunc.parametrize("each_layout", tuple(MAKERS))


@pytest.fixture
def pcd_text() -> str:
    """Return an organised cloud as an ASCII PCD file."""
    return cloud()
