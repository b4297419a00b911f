"""A folder a room: ``Kitchen/*.jpg``, ``Office/*.jpg``, the layout of image classification.

Each room's images stand in natural order of their names and are a segment of their own: nothing is
known of how they follow those of another room. Folders within a room's folder are not read, so
that ``train/`` and ``val/`` of a data set in parts are opened one by one.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from robotvision.data.names import (
    color_frames,
    is_image,
    list_images,
    names_in,
    natural_key,
    nominal_ns,
)
from robotvision.data.sequence import Reading
from robotvision.data.untimed import UntimedReader
from robotvision.errors import Fault
from robotvision.records import Truth

_NO_ROOM = re.compile(
    r"(rgb|depth|left|right|points|colou?r|images?|frames|png|jpe?g|std_cam|cam|camera"
    r"|train|val|valid|validation|test|database|queries|query|reference)[-_]?[0-9]*",
    re.IGNORECASE,
)
"""Names of folders of images in other layouts: a camera's, or a part of a data set."""


class ImageFolderReader(UntimedReader):
    """Reads a folder with a folder of images for each room."""

    title = "imagefolder: a folder a room (Kitchen/*.jpg), each a segment"

    def detects(self, path: Path) -> bool:
        """Return whether folders with images exist in it, no images, and no camera's folder."""
        try:
            rooms = _folders(path)
            with_images = [r for r in rooms if any(map(is_image, names_in(path / r)))]
            return bool(with_images) and not (
                any(map(is_image, names_in(path))) or any(map(_NO_ROOM.fullmatch, with_images))
            )
        except OSError:
            return False

    def read(self, path: Path) -> Reading:
        """List the images of each room."""
        faults: list[Fault] = []
        files, segments, rooms, warnings = [], [], [], []
        for number, room in enumerate(_folders(path)):
            names = list_images(path / room, faults)
            if not names:
                warnings.append(f"no images in {room}")
            files += [path / room / n for n in names]
            segments += [number] * len(names)
            rooms += [room] * len(names)
        if not files and not faults:
            faults.append(Fault(path, "no folders with images in it"))
        if n_beside := sum(map(is_image, names_in(path))):
            warnings.append(f"{n_beside} images beside the folders have no room and are left out")
        frames = color_frames(
            ((file, nominal_ns(i, self.rate_hz), None) for i, file in enumerate(files)), segments
        )
        truth = {i: Truth(room) for i, room in enumerate(rooms)}
        return Reading(self._sequence("imagefolder", path, frames, truth), faults, warnings)


def _folders(path: Path) -> list[str]:
    """Return the names of the folders in ``path`` that are not hidden, in natural order."""
    try:
        with os.scandir(path) as entries:
            names = [e.name for e in entries if e.is_dir() and not e.name.startswith(".")]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(names, key=natural_key)
