"""Sequences in any layout: open, verify, write."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from robotvision.data.links import leading_out
from robotvision.data.sequence import ImageSequence, Reader, Reading, renamed
from robotvision.errors import Fault, InputFaults, wrong_type
from robotvision.plugins.registry import Registry

READERS = Registry(
    "reader",
    {
        "native": "robotvision.data.native:NativeReader",
        "imageclef2012": "robotvision.data.imageclef2012:ImageClef2012Reader",
        "imageclef2014": "robotvision.data.imageclef2014:ImageClef2014Reader",
        "cold": "robotvision.data.cold:ColdReader",
        "vidrilo": "robotvision.data.vidrilo:VidriloReader",
        "tum": "robotvision.data.tum:TumReader",
        "kitti": "robotvision.data.kitti:KittiReader",
        "euroc": "robotvision.data.euroc:EurocReader",
        "idol2": "robotvision.data.idol2:Idol2Reader",
        "vpr": "robotvision.data.vpr:VprReader",
        "lerobot": "robotvision.data.lerobot:LeRobotReader",
        "huggingface": "robotvision.data.huggingface:HuggingFaceReader",
        "bag": "robotvision.data.bags.reader:BagReader",
        "video": "robotvision.data.video:VideoReader",
        "folder": "robotvision.data.folder:FolderReader",
    },
    group="robotvision.readers",
)

_ORDER = (
    "native",
    "imageclef2012",
    "imageclef2014",
    "cold",
    "vidrilo",
    "tum",
    "kitti",
    "euroc",
    "idol2",
    "vpr",
    "lerobot",
    "huggingface",
    "bag",
    "video",
    "folder",
)
"""The order in which shipped readers are tried; the most particular layout first."""

__all__ = ["READERS", "ImageSequence", "detect", "open_sequence", "read_sequence"]


def detect(path: Path) -> str:
    """Return the name of the reader whose layout ``path`` has.

    Raises
    ------
    InputFaults
        The path does not exist, or no reader knows the layout.
    """
    if not path.exists():
        raise InputFaults([Fault(path, "no such folder", remedy=_nearest(path))])
    others = [n for n in READERS.names() if n not in _ORDER]
    for name in (*_ORDER, *others):
        reader: Reader = READERS.create(name, {})
        if reader.detects(path):
            return name
    raise InputFaults(
        [
            Fault(
                path,
                "not a sequence in a known layout",
                remedy=f"known layouts: {', '.join(READERS.names())}; expected sequence.yaml and "
                "frames.csv for the native one",
            )
        ]
    )


def read_sequence(path: Path, reader: str | None = None, **params: Any) -> Reading:
    """Read a sequence's tables and list their faults. Images are not opened.

    An image that a link leads out of the sequence's folder is a fault.

    ``params`` go to the reader: ``rate_hz`` for a layout that says nothing of time, topics and
    labels for a robot recording.
    """
    name = reader or detect(path)
    if not path.exists():
        raise InputFaults([Fault(path, "no such folder", remedy=_nearest(path))])
    reader_: Reader = READERS.create(name, params)
    reading = reader_.read(path)
    if reading.sequence is not None:
        reading.faults += leading_out(reading.sequence)
    return reading


def open_sequence(
    path: str | os.PathLike[str], reader: str | None = None, **params: Any
) -> ImageSequence:
    """Return the sequence at ``path``; ``params`` as in `read_sequence`.

    Raises
    ------
    InputFaults
        Every fault found in its tables.
    """
    if not isinstance(path, str | os.PathLike):
        raise wrong_type("path", "the folder or file of a sequence", path)
    path = Path(path)
    reading = read_sequence(path, reader, **params)
    if reading.faults or reading.sequence is None:
        raise InputFaults(reading.faults or [Fault(path, "no frames in it")])
    return reading.sequence


def __getattr__(name: str) -> Any:
    """Return a class under its name of 0.1.0, with a warning, for one release."""
    if name == "Sequence":
        return renamed(__name__, name, ImageSequence)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _nearest(path: Path) -> str:
    """Say how far a missing path exists, so that a wrong data root shows."""
    parent = path.parent
    while not parent.exists() and parent != parent.parent:
        parent = parent.parent
    names = sorted(p.name for p in parent.iterdir())[:8] if parent.is_dir() else []
    inside = f" (in it: {', '.join(names)})" if names else ""
    return f"{parent} is there{inside}; is --data-root right?"
