"""Sequences in any layout: open, verify, write."""

from __future__ import annotations

import inspect
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, get_args

from robotvision.data.label_file import Unlabelled, label, settle_unlabelled
from robotvision.data.links import leading_out
from robotvision.data.sequence import ImageSequence, Reader, Reading, renamed
from robotvision.errors import Fault, InputFaults, RobotVisionError, wrong_type
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
        "imagefolder": "robotvision.data.imagefolder:ImageFolderReader",
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
    "imagefolder",
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
    _require_path(path)
    others = [n for n in READERS.names() if n not in _ORDER]
    for name in (*_ORDER, *others):
        reader: Reader = READERS.create(name, {})
        if reader.detects(path):
            return name
    raise InputFaults(
        Fault(
            path,
            "not a sequence in a known layout",
            remedy=f"known layouts: {', '.join(READERS.names())}; expected sequence.yaml and "
            "frames.csv for the native one",
        )
    )


def read_sequence(path: Path, reader: str | None = None, **params: Any) -> Reading:
    """Read a sequence's tables and list their faults. Images are not opened.

    An image that a link leads out of the sequence's folder is a fault.

    Two ``params`` serve every layout: ``label_file``, a table of the rooms
    (`robotvision.data.label_file`; a relative path starts beside the recording), and
    ``unlabelled``, what becomes of frames without a room: ``refuse`` (as with a table where it is
    not given), ``keep`` (as without one) or ``drop``. The others go to the reader: ``rate_hz`` for
    a layout that says nothing of time, topics for a robot recording.
    """
    name = reader or detect(path)
    _require_path(path)
    given = {k: os.fspath(v) if isinstance(v, os.PathLike) else v for k, v in params.items()}
    labels = _take_labels(name, params)
    reader_: Reader = READERS.create(name, params)
    reading = reader_.read(path)
    if reading.sequence is not None:
        reading.faults += leading_out(reading.sequence)
    if labels.file is not None:
        reading = label(reading, path.parent / labels.file)
    if labels.unlabelled is not None:
        reading = settle_unlabelled(reading, labels.unlabelled)
    if reading.sequence is not None:
        reading.sequence = replace(reading.sequence, params=given)
    return reading


def reopen(about: Mapping[str, Any]) -> ImageSequence:
    """Return the sequence that a run's log tells of, opened as it was then.

    Parameters
    ----------
    about : Mapping[str, Any]
        ``path``, ``reader`` and ``params`` (absent in logs of 0.1.0).

    Raises
    ------
    RobotVisionError
        It is not there any more, or cannot be read.
    """
    path = Path(str(about.get("path")))
    return open_sequence(path, about.get("reader"), **about.get("params", {}))


class _Labels(NamedTuple):
    file: str | os.PathLike[str] | None
    unlabelled: Unlabelled | None


def _take_labels(reader: str, params: dict[str, Any]) -> _Labels:
    """Take out of ``params`` what says where the rooms come from, unless the reader takes it."""
    own = inspect.signature(READERS.get(reader)).parameters
    file = None if "label_file" in own else params.pop("label_file", None)
    unlabelled = None if "unlabelled" in own else params.pop("unlabelled", None)
    if file is not None and not (isinstance(file, str | os.PathLike) and str(file)):
        raise wrong_type("label_file", "the path of a table", file)
    if unlabelled not in (None, *get_args(Unlabelled)):
        raise RobotVisionError(
            f"unlabelled: expected one of {', '.join(get_args(Unlabelled))}, got {unlabelled!r}"
        )
    return _Labels(file, unlabelled or ("refuse" if file is not None else None))


def open_sequence(
    path: str | os.PathLike[str], reader: str | None = None, **params: Any
) -> ImageSequence:
    """Return the sequence at ``path``; ``params`` as in `read_sequence`.

    Raises
    ------
    InputFaults
        Every fault found in its tables.
    """
    return open_with_notes(path, reader, **params)[0]


def open_with_notes(
    path: str | os.PathLike[str], reader: str | None = None, **params: Any
) -> tuple[ImageSequence, list[str]]:
    """Return what `open_sequence` returns, and what the reader found worth knowing, in lines."""
    if not isinstance(path, str | os.PathLike):
        raise wrong_type("path", "the folder or file of a sequence", path)
    path = Path(path)
    reading = read_sequence(path, reader, **params)
    if reading.faults or reading.sequence is None:
        raise InputFaults(reading.faults or [Fault(path, "no frames in it")])
    return reading.sequence, reading.warnings


def __getattr__(name: str) -> Any:
    """Return a class under its name of 0.1.0, with a warning, for one release."""
    if name == "Sequence":
        return renamed(__name__, name, ImageSequence)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _require_path(path: Path) -> None:
    if not path.exists():
        raise InputFaults(Fault(path, "no such folder", remedy=_nearest(path)))


def _nearest(path: Path) -> str:
    """Say how far a missing path exists, so that a wrong data root shows."""
    parent = path.parent
    while not parent.exists() and parent != parent.parent:
        parent = parent.parent
    names = sorted(p.name for p in parent.iterdir())[:8] if parent.is_dir() else []
    inside = f" (in it: {', '.join(names)})" if names else ""
    return f"{parent} is there{inside}; is --data-root right?"
