"""A plain folder of images: one frame each, in natural order of their names."""

from __future__ import annotations

from pathlib import Path

from robotvision.data.names import color_frames, is_image, list_images, names_in, nominal_ns
from robotvision.data.sequence import Reading
from robotvision.data.untimed import UntimedReader
from robotvision.errors import Fault


class FolderReader(UntimedReader):
    """Reads a folder of images."""

    title = "folder: images, in natural order of their names"

    def detects(self, path: Path) -> bool:
        """Return whether an image exists in it."""
        try:
            return any(map(is_image, names_in(path)))
        except OSError:
            return False

    def read(self, path: Path) -> Reading:
        """List the images."""
        faults: list[Fault] = []
        names = list_images(path, faults)
        if not names and not faults:
            faults.append(Fault(path, "no images in it"))
        frames = color_frames(
            (path / n, nominal_ns(i, self.rate_hz), None) for i, n in enumerate(names)
        )
        return Reading(self._sequence("folder", path, frames), faults)
