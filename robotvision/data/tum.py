"""The layout of the TUM RGB-D benchmark.

::

    rgb.txt            <seconds> <file>
    depth.txt          <seconds> <file>                    16-bit PNG, 5000 a metre; may be absent
    groundtruth.txt    <seconds> tx ty tz qx qy qz qw      may be absent

Lines starting with # are comments. Depth images and poses are joined to colour frames by time
(see `associate`): a depth image belongs to one frame at most, a pose may serve several. The
heading is that of the camera's optical axis in the world's ground plane.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from robotvision.data.associate import MAX_DIFF_NS, nearest, one_to_one
from robotvision.data.images import decode_depth_mm
from robotvision.data.names import color_file, is_inside, read_seconds, text_lines, time_fault
from robotvision.data.sequence import (
    ChannelKind,
    FrameEntry,
    ImageFile,
    ImageSequence,
    Pose,
    Reading,
    Source,
)
from robotvision.errors import Fault
from robotvision.records import frozen

T = TypeVar("T")

UNITS_PER_M = 5000


@dataclass(frozen=True, slots=True)
class TumDepth:
    """A depth image of 5000 units a metre, read as millimetres."""

    path: Path

    @property
    def where(self) -> str:
        """The file's path."""
        return str(self.path)

    def read(self) -> NDArray[np.uint16]:
        """Decode the file. Raises FrameError."""
        units = decode_depth_mm(self._image_file().raw(), self.where)
        return frozen(np.rint(units * (1000 / UNITS_PER_M)).astype(np.uint16))

    def digest(self) -> bytes:
        """Return a digest of the file's bytes. Raises FrameError."""
        return hashlib.blake2b(b"tum" + self._image_file().digest(), digest_size=16).digest()

    def _image_file(self) -> ImageFile:
        return ImageFile(self.path, ChannelKind.DEPTH_MM)


class TumReader:
    """Reads the layout of the TUM RGB-D benchmark."""

    title = "tum: rgb.txt, depth.txt, groundtruth.txt"

    def detects(self, path: Path) -> bool:
        """Return whether rgb.txt exists."""
        return (path / "rgb.txt").exists()

    def read(self, path: Path) -> Reading:
        """Read the tables and join them by time, noting every fault."""
        faults: list[Fault] = []
        warnings: list[str] = []
        colors = _read_table(path / "rgb.txt", faults, _parse_file)
        depths = _read_table(path / "depth.txt", faults, _parse_file, optional=True)
        poses = _read_table(path / "groundtruth.txt", faults, _parse_pose, optional=True)
        colors_ns = _times(colors)
        depth_of = one_to_one(colors_ns, _times(depths), MAX_DIFF_NS)
        pose_of = nearest(colors_ns, _times(poses), MAX_DIFF_NS)
        frames = []
        for i, (line, time_ns, cell) in enumerate(colors):
            sources: dict[str, Source] = {"rgb": color_file(path / cell)}
            if depth_of[i] >= 0:
                sources["depth"] = TumDepth(path / depths[depth_of[i]][2])
            pose = poses[pose_of[i]][2] if pose_of[i] >= 0 else None
            frames.append(
                FrameEntry(i, time_ns, sources, pose=pose, name=Path(cell).name, line=line)
            )
        if not frames and not faults:
            faults.append(Fault(path / "rgb.txt", "no frames in it"))
        if depths and (alone := int((depth_of < 0).sum())):
            warnings.append(f"{alone} of {len(frames)} frames have no depth within 0.02 s")
        if poses and (alone := int((pose_of < 0).sum())):
            warnings.append(f"{alone} of {len(frames)} frames have no pose within 0.02 s")
        channels = {"rgb": ChannelKind.COLOR, **({"depth": ChannelKind.DEPTH_MM} if depths else {})}
        sequence = ImageSequence(
            name=path.resolve().name,
            root=path,
            reader="tum",
            channels=channels,
            frames=tuple(frames),
            table=path / "rgb.txt",
        )
        return Reading(sequence, faults, warnings)


def _times(rows: list[tuple[int, int, T]]) -> NDArray[np.int64]:
    return np.array([r[1] for r in rows], np.int64)


def _read_table(
    path: Path, faults: list[Fault], parse: Callable[[list[str]], T], *, optional: bool = False
) -> list[tuple[int, int, T]]:
    """Return (line, time, what ``parse`` makes of the other cells) of each line.

    ``parse`` raises ValueError with what it expected.
    """
    rows: list[tuple[int, int, T]] = []
    if optional and not path.exists():
        return rows
    for line, text in text_lines(path, faults):
        if text.startswith("#"):
            continue
        seconds, *cells = text.split(maxsplit=1) if parse is _parse_file else text.split()
        time_ns = read_seconds(seconds, path, line, faults)
        if time_ns is None:
            continue
        try:
            row = parse(cells)
        except ValueError as e:
            faults.append(Fault(path, str(e), line))
            continue
        if rows and (fault := time_fault(rows[-1][1], time_ns, path, line)):
            faults.append(fault)
            if path.name != "rgb.txt":
                continue
        rows.append((line, time_ns, row))
    return rows


def _parse_file(cells: list[str]) -> str:
    if len(cells) != 1:
        raise ValueError("expected a time and a file name, got a time alone")
    if not is_inside(cells[0]):
        raise ValueError(f"expected a path inside the sequence, got {cells[0]!r}")
    return cells[0]


def _parse_pose(cells: list[str]) -> Pose:
    """Return x, y and the heading of the optical axis from ``tx ty tz qx qy qz qw``."""
    try:
        x, y, _, qx, qy, qz, qw = map(float, cells)
    except ValueError:
        raise ValueError(
            f"expected a time and tx ty tz qx qy qz qw, got {' '.join(cells)[:80]!r}"
        ) from None
    norm = qx * qx + qy * qy + qz * qz + qw * qw
    if not all(map(math.isfinite, (x, y, norm))) or norm < 1e-12:
        raise ValueError("expected finite numbers and a quaternion that is not zero")
    return x, y, math.atan2(2 * (qy * qz - qx * qw), 2 * (qx * qz + qy * qw))
