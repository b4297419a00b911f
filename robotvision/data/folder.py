"""A plain folder of images: one frame each, in natural order of their names."""

from __future__ import annotations

from pathlib import Path

from robotvision.data.names import (
    NOMINAL_RATE_HZ,
    checked_rate,
    color_frames,
    is_image,
    list_names,
    names_in,
    nominal_ns,
)
from robotvision.data.sequence import ChannelKind, ImageSequence, Reading
from robotvision.errors import Fault


class FolderReader:
    """Reads a folder of images.

    Parameters
    ----------
    rate_hz : float, optional
        Frames a second; the names say nothing of time.
    """

    title = "folder: images, in natural order of their names"

    def __init__(self, rate_hz: float = NOMINAL_RATE_HZ) -> None:
        self.rate_hz = checked_rate(rate_hz)

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
            note=f"no times in the layout: frames are spaced at a nominal {self.rate_hz:g} Hz",
        )
        return Reading(sequence, faults)
