"""A plain folder of pictures: one frame each, in natural order of their names."""

from __future__ import annotations

from pathlib import Path

from robotvision.data.names import NOMINAL_RATE_HZ, is_picture, listed, names_in, nominal_ns
from robotvision.data.sequence import ChannelKind, FrameEntry, ImageSequence, Picture, Reading
from robotvision.errors import Fault


class FolderReader:
    """Reads a folder of pictures.

    Parameters
    ----------
    rate_hz : float, optional
        Frames a second; the names say nothing of time.
    """

    title = "folder: pictures, in natural order of their names"

    def __init__(self, rate_hz: float = NOMINAL_RATE_HZ) -> None:
        if not 1e-6 <= rate_hz <= 1e6:
            raise ValueError(f"rate_hz: expected a number from 1e-6 to 1e6, got {rate_hz!r}")
        self.rate_hz = rate_hz

    def detects(self, path: Path) -> bool:
        """Return whether a picture lies there."""
        try:
            return any(map(is_picture, names_in(path)))
        except OSError:
            return False

    def read(self, path: Path) -> Reading:
        """List the pictures."""
        faults: list[Fault] = []
        names = [n for n in listed(path, faults) if is_picture(n)]
        if not names and not faults:
            faults.append(Fault(path, "no pictures in it"))
        frames = tuple(
            FrameEntry(
                i,
                nominal_ns(i, self.rate_hz),
                {"rgb": Picture(path / n, ChannelKind.COLOR)},
                name=n,
            )
            for i, n in enumerate(names)
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
