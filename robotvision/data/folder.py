"""A plain folder of images: one frame each, in natural order of their names."""

from __future__ import annotations

from pathlib import Path

from robotvision.data.names import (
    color_frames,
    is_image,
    list_names,
    names_in,
    nominal_note,
    nominal_ns,
)
from robotvision.data.sequence import ChannelKind, ImageSequence, Reading
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
        names = [n for n in list_names(path, faults) if is_image(n)]
        if not names and not faults:
            faults.append(Fault(path, "no images in it"))
        frames = color_frames(
            (path / n, nominal_ns(i, self.rate_hz), None) for i, n in enumerate(names)
        )
        sequence = ImageSequence(
            name=path.resolve().name,
            root=path,
            reader="folder",
            channels={"rgb": ChannelKind.COLOR},
            frames=frames,
            rate_hz=self.rate_hz,
            note=nominal_note(self.rate_hz),
        )
        return Reading(sequence, faults)
