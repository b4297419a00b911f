"""Writers of the editions' own layouts."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from robotvision.data.images import encode_jpeg, encode_png
from robotvision.errors import RobotVisionError
from robotvision.synth.sequence import Shot
from robotvision.writing import make_folder


class Idol2Writer:
    """Writes KTH-IDOL2's layout: an image's name holds everything but the pixels.

    ``t<seconds, 6 decimals>_r<ROOM>_x<m>_y<m>_a<rad>.png``, the last three as C's ``%g``.
    """

    def __init__(self, path: Path) -> None:
        self.path = _new_folder(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        """Nothing is left open between frames."""

    def add(self, shot: Shot) -> None:
        """Write one frame; the layout has no segments and no objects."""
        x, y, heading = shot.pose
        seconds, rest = divmod(shot.timestamp_ns // 1000, 1_000_000)
        name = f"t{seconds}.{rest:06d}_r{shot.room}_x{x:g}_y{y:g}_a{heading:g}.png"
        (self.path / name).write_bytes(encode_png(shot.images["rgb"]))


class ImageClef2012Writer:
    """Writes the ImageCLEF 2012 layout: std_cam, depth and locations/rgb.txt."""

    def __init__(self, path: Path) -> None:
        self.path = _new_folder(path)
        for name in ("std_cam", "depth", "locations"):
            (self.path / name).mkdir(exist_ok=True)
        truth = self.path / "locations" / "rgb.txt"
        self._truth = open(truth, "w", encoding="utf-8", newline="\n")  # noqa: SIM115
        self._n = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        """Close the table of rooms."""
        self._truth.close()

    def add(self, shot: Shot) -> None:
        """Write one frame; the layout has no times, poses, segments or objects."""
        self._n += 1
        image = self.path / "std_cam" / f"rgb_{self._n}.jpg"
        image.write_bytes(encode_jpeg(shot.images["rgb"]))
        if "depth" in shot.images:
            depth = self.path / "depth" / f"depth_{self._n}.png"
            depth.write_bytes(encode_png(shot.images["depth"]))
        self._truth.write(f"{image.name}: {shot.room}\n")


def _new_folder(path: Path) -> Path:
    if path.exists() and any(path.iterdir()):
        raise RobotVisionError(f"{path}: expected an empty or a new folder; give another one")
    return make_folder(path)
