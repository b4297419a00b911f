"""The layout of KTH-IDOL2: a folder of images (or ``png/`` in it) whose names say everything.

``t1138915584.666738_rBO_x1.90629_y21.9662_a0.0953478.png`` is the time in seconds, the room's
code, x and y in metres and the heading in radians, the last three as C's ``%g`` writes them.
Rooms are called by their codes: BO one-person office, CR corridor, EO two-person office, KT
kitchen, PA printer area; any other code is kept as it is (the 2009 test shows rooms that training
did not). The camera's calibration is not known.
"""

from __future__ import annotations

import re
from pathlib import Path

from robotvision.data.names import (
    NUMBER,
    color_frames,
    has_name,
    named_images,
    parse_pose,
    seconds_to_ns,
)
from robotvision.data.sequence import ChannelKind, ImageSequence, Reading
from robotvision.errors import Fault
from robotvision.records import Truth

ROOMS = {
    "BO": "one-person office",
    "CR": "corridor",
    "EO": "two-person office",
    "KT": "kitchen",
    "PA": "printer area",
}

_NAME = re.compile(
    rf"t([0-9]+\.[0-9]+)_r([A-Za-z0-9]+)_x({NUMBER})_y({NUMBER})_a({NUMBER})"
    r"\.(?:png|jpe?g|bmp|ppm)",
    re.IGNORECASE,
)
_EXAMPLE = "t1138915584.666738_rBO_x1.90629_y21.9662_a0.0953478.png"


class Idol2Reader:
    """Reads the layout of KTH-IDOL2."""

    title = "idol2: images named t<time>_r<room>_x<m>_y<m>_a<rad>.png"

    def detects(self, path: Path) -> bool:
        """Return whether an image with such a name exists, there or in ``png/``."""
        return has_name(path, _NAME) or has_name(path / "png", _NAME)

    def read(self, path: Path) -> Reading:
        """Read the names, noting every one that does not fit."""
        faults: list[Fault] = []
        folder = path if has_name(path, _NAME) else path / "png"
        images = []
        for name, said in named_images(folder, _NAME, _EXAMPLE, faults):
            time_ns, pose = seconds_to_ns(said[1]), parse_pose(said.groups()[2:])
            if time_ns is None or pose is None:
                faults.append(Fault(folder / name, "its time or pose is out of range"))
            else:
                images.append((time_ns, name, said[2], pose))
        images.sort()
        if not images and not faults:
            faults.append(Fault(folder, f"no images named like {_EXAMPLE} in it"))
        frames = color_frames((folder / name, time_ns, pose) for time_ns, name, _, pose in images)
        sequence = ImageSequence(
            name=path.resolve().name,
            root=path,
            reader="idol2",
            channels={"rgb": ChannelKind.COLOR},
            frames=frames,
            truth={i: Truth(room) for i, (_, _, room, _) in enumerate(images)},
            note="rooms: " + ", ".join(f"{k} {v}" for k, v in ROOMS.items()),
        )
        return Reading(sequence, faults)
