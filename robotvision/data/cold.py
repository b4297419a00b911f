"""The layout of the COLD database (COsy Localization Database).

::

    std_cam/t<time>_x<m>_y<m>_a<rad>.jpeg     or t<time>.jpeg, without a pose
    localization/places.lst                   <file name> <room code>; absent where withheld

The three laboratories write numbers in three forms (``%0.6f``, ``%g``, ``%0.7f``); all are read. A
room is called by its category: the code without its instance digit and part suffix (``2PO1-A`` is
``2PO``, ``CR-B`` is ``CR``).
"""

from __future__ import annotations

import re
from pathlib import Path

from robotvision.data.names import (
    NUMBER,
    TruthRows,
    color_frames,
    has_name,
    named_images,
    parse_pose,
    seconds_to_ns,
    text_lines,
)
from robotvision.data.sequence import ChannelKind, ImageSequence, Reading
from robotvision.errors import Fault, near
from robotvision.records import Truth

ROOMS = {
    "1PO": "OnePersonOffice",
    "2PO": "TwoPersonOffice",
    "CNR": "ConferenceRoom",
    "CR": "Corridor",
    "KT": "Kitchen",
    "LAB": "Lab",
    "LO": "LargeOffice",
    "PA": "PrinterArea",
    "RL": "RoboticLab",
    "ST": "Stairs",
    "TL": "Toilet",
    "TR": "TerminalRoom",
}

_NAME = re.compile(
    rf"t([0-9]+\.[0-9]+)(?:_x({NUMBER})_y({NUMBER})_a({NUMBER}))?\.(?:jpe?g|png)", re.IGNORECASE
)
_CODE = re.compile(rf"({'|'.join(ROOMS)})[0-9]*(?:-[A-Za-z0-9]+)?")
_EXAMPLE = "t1152043200.834119_x1.9_y2.1_a0.09.jpeg"


class ColdReader:
    """Reads the layout of the COLD database."""

    title = "cold: std_cam/t<time>_x<m>_y<m>_a<rad>.jpeg, localization/places.lst"

    def detects(self, path: Path) -> bool:
        """Return whether the truth table or images named by time exist."""
        table = path / "localization" / "places.lst"
        return table.exists() or has_name(path / "std_cam", _NAME)

    def read(self, path: Path) -> Reading:
        """Read images' names and the truth, noting every fault."""
        faults: list[Fault] = []
        folder, table = path / "std_cam", path / "localization" / "places.lst"
        images = []
        expected = f"{_EXAMPLE} or t1152043200.834119.jpeg"
        for name, said in named_images(folder, _NAME, expected, faults):
            time_ns, has_pose = seconds_to_ns(said[1]), said[2] is not None
            pose = parse_pose(said.groups()[1:]) if has_pose else None
            if time_ns is None or (pose is None and has_pose):
                faults.append(Fault(folder / name, "its time or pose is out of range"))
            else:
                images.append((time_ns, name, pose))
        images.sort(key=lambda f: f[:2])
        frames = color_frames((folder / name, time_ns, pose) for time_ns, name, pose in images)
        if not frames and not faults:
            faults.append(Fault(folder, f"no images named like {_EXAMPLE} in it"))
        truth = _read_truth(table, {f.name: f.index for f in frames}, faults)
        sequence = ImageSequence(
            name=path.resolve().name,
            root=path,
            reader="cold",
            channels={"rgb": ChannelKind.COLOR},
            frames=frames,
            truth=truth.truth if truth else None,
            note="rooms: " + ", ".join(f"{k} {v}" for k, v in ROOMS.items()),
            truth_table=table if truth else None,
            truth_lines=truth.lines if truth else {},
        )
        return Reading(sequence, faults)


def category(code: str) -> str | None:
    """Return the category of a room code: ``2PO1-A`` is ``2PO``; None where it is not known."""
    match = _CODE.fullmatch(code)
    return match[1] if match else None


def _read_truth(table: Path, known: dict[str, int], faults: list[Fault]) -> TruthRows | None:
    """Return the truth of the images in ``known`` (name -> frame index), None without a table."""
    if not table.exists():
        return None
    truth = TruthRows(table, faults)
    for line, text in text_lines(table, faults):
        cells = text.rsplit(maxsplit=1)
        if len(cells) < 2:
            faults.append(
                Fault(
                    table, f"expected a file name, a blank and a room code, got {text[:80]!r}", line
                )
            )
            continue
        name, code = cells
        room, index = category(code), known.get(name)
        if room is None:
            faults.append(
                Fault(
                    table,
                    f"the room code {code[:40]!r} is not known{near(code, ROOMS)}",
                    line,
                    remedy=f"known: {', '.join(ROOMS)}",
                )
            )
        elif index is None:
            faults.append(Fault(table, f"truth for {name[:80]!r}, which is not in std_cam", line))
        else:
            truth.add(index, Truth(room), line, name)
    return truth
