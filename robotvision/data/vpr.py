"""Folders of visual place recognition: images whose names hold where they were taken.

::

    <folder>/.../@<utm_east>@<utm_north>@...@.jpg

or the folder around ``database`` and ``queries``; the parameter ``part`` names one of them. Names
are those of VPR-datasets-downloader: between the signs stand east and north in metres, zone,
letter, latitude, longitude, panorama, tile, heading in degrees from north, pitch, roll, height,
time, note; only the first two must be there. Images are ordered by path, as the reference protocol
orders them, and follow each other in no order of time: each is a segment of its own.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

from robotvision.data.names import (
    NOMINAL_NOTE,
    color_frames,
    is_image,
    misnamed,
    names_in,
    nominal_ns,
)
from robotvision.data.sequence import ChannelKind, ImageSequence, Pose, Reading
from robotvision.errors import Fault

PARTS = ("database", "queries")
_HEADING = 9
_EXAMPLE = "@0551100.30@4178500.10@...@.jpg"


class VprReader:
    """Reads a folder of images with their place in their names.

    Parameters
    ----------
    part : {"database", "queries"}, optional
        Which of the two folders in it to read; not needed where ``path`` is one of them.
    """

    title = "vpr: images named @utm_east@utm_north@...jpg, in a folder or its database and queries"

    def __init__(self, part: str | None = None) -> None:
        if part not in (None, *PARTS):
            raise ValueError(f"part: expected {' or '.join(PARTS)}, got {part!r}")
        self.part = part

    def detects(self, path: Path) -> bool:
        """Return whether an image with such a name exists, there or in database or queries."""
        return any(_has_place(p) for p in (path, *(path / part for part in PARTS)))

    def read(self, path: Path) -> Reading:
        """Read the names, noting every one that does not fit."""
        faults: list[Fault] = []
        root = path / self.part if self.part else path
        parts = [p for p in PARTS if (path / p).is_dir()]
        if self.part and not root.is_dir():
            return Reading(None, [Fault(root, "no such folder")])
        if self.part is None and parts:
            remedy = f"name one with the parameter part, or give {path / parts[0]}"
            return Reading(None, [Fault(path, f"several parts: {', '.join(parts)}", remedy=remedy)])
        images: list[tuple[Path, int, Pose | None]] = []
        for name in sorted(_list_images(root, faults)):
            if (pose := _pose(root / name, faults)) is not None:
                images.append((root / name, nominal_ns(len(images)), pose))
        frames = color_frames(images, segments=range(len(images)))
        if not frames and not faults:
            faults.append(Fault(root, f"no images named like {_EXAMPLE} in it"))
        real = root.resolve()
        sequence = ImageSequence(
            name=f"{real.parent.name}_{real.name}" if real.name in PARTS else real.name,
            root=root,
            reader="vpr",
            channels={"rgb": ChannelKind.COLOR},
            frames=frames,
            note=f"places by UTM, heading 0 where a name has none; {NOMINAL_NOTE}",
        )
        return Reading(sequence, faults)


def _has_place(folder: Path) -> bool:
    try:
        return any(n.startswith("@") and is_image(n) for n in names_in(folder))
    except OSError:
        return False


def _list_images(root: Path, faults: list[Fault]) -> Iterator[str]:
    """Yield the images below ``root`` as relative paths, in no order."""

    def note(e: OSError) -> None:
        faults.append(Fault(e.filename or root, f"cannot be listed ({e.strerror})"))

    for folder, _, names in os.walk(root, onerror=note):
        for name in names:
            if is_image(name):
                yield os.path.relpath(os.path.join(folder, name), root)


def _pose(path: Path, faults: list[Fault]) -> Pose | None:
    """Return east, north and the heading (counterclockwise from east) of a name."""
    cells = path.name.split("@")
    try:
        east, north = float(cells[1]), float(cells[2])
        if cells[0] or not (math.isfinite(east) and math.isfinite(north)):
            raise ValueError
    except (ValueError, IndexError):
        faults.append(misnamed(path, f"{_EXAMPLE}, with east and north in metres"))
        return None
    try:
        degrees = float(cells[_HEADING])
    except (ValueError, IndexError):
        return east, north, 0.0
    turn = math.remainder(math.radians(90 - degrees), math.tau) if math.isfinite(degrees) else 0.0
    return east, north, turn
