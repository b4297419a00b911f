"""Turn a sequence in any layout into the native one.

JPEG and PNG files, and such images in a robot recording, are copied byte for byte; other images
are written as PNG, frames of a video (whose compression is lossy already) as JPEG.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from robotvision.data.images import encode_png
from robotvision.data.native import SequenceWriter
from robotvision.data.sequence import ChannelKind, ImageFile, ImageSequence, Source
from robotvision.data.verify import SizeCheck, image_fault
from robotvision.errors import Fault, FrameError
from robotvision.plugins.progress import Progress, quiet

_KEPT_BYTES = {
    ChannelKind.COLOR: (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"),
    ChannelKind.DEPTH_MM: (b"\x89PNG\r\n\x1a\n",),
    ChannelKind.POINTS: (b"#", b"VERSION", b"FIELDS"),
}


def convert(
    sequence: ImageSequence,
    target: Path,
    *,
    truth: bool = True,
    poses: bool = True,
    progress: Progress = quiet,
) -> list[Fault]:
    """Write ``sequence`` to the folder ``target`` in the native layout.

    Frame numbers, times, segments, calibration and, where ``truth`` and ``poses`` are True, the
    truth and the robot's poses (to 0.1 mm) stay what they are; so do the frames' own file names
    where no two are the same.

    Returns
    -------
    list of Fault
        Images that could not be read: their frames are written without them. Images of another
        size than the others': they are written.

    Raises
    ------
    RobotVisionError
        ``target`` holds a sequence already, or the folder cannot be written.
    """
    faults: list[Fault] = []
    sizes = SizeCheck(sequence)
    stems = _stems(sequence)
    known = (sequence.truth or {}) if truth else {}
    with SequenceWriter(
        target,
        sequence.name,
        sequence.kinds,
        rate_hz=sequence.rate_hz,
        calibration=sequence.calibration,
        note=sequence.note,
        task=sequence.task,
    ) as writer:
        for position, entry in enumerate(sequence.frames):
            writer.add(
                entry.timestamp_ns,
                _images(sequence, position, sizes, faults),
                segment=entry.segment,
                pose=entry.pose if poses else None,
                room=known.get(entry.index),
                index=entry.index,
                stem=stems.get(entry.name),
            )
            progress(sequence.name, position + 1, len(sequence))
    return faults


def _stems(sequence: ImageSequence) -> dict[str, str]:
    """Return the stem of each frame's own name, none at all where two frames share one."""
    stems = {e.name: Path(e.name).stem for e in sequence.frames}
    counts = Counter(stems[e.name].lower() for e in sequence.frames)
    usable = all(s.isprintable() for s in stems) and "" not in counts
    return stems if usable and max(counts.values(), default=0) == 1 else {}


def _images(
    sequence: ImageSequence, position: int, sizes: SizeCheck, faults: list[Fault]
) -> dict[str, NDArray[Any] | bytes]:
    images: dict[str, NDArray[Any] | bytes] = {}
    for channel, source in sequence.frames[position].sources.items():
        try:
            image = source.read()
            images[channel] = stored_image(source, image)
        except FrameError as e:
            faults.append(image_fault(sequence, position, channel, source, e))
        else:
            faults += sizes.faults(position, channel, source, image.shape[:2])
    return images


def stored_image(source: Source, image: NDArray[Any]) -> NDArray[Any] | bytes:
    """Return an image as its encoded file where the native layout keeps that, else its pixels."""
    if (encoded := getattr(source, "encoded", None)) is not None:
        raw: bytes | None = encoded()
        return image if raw is None else raw
    if isinstance(source, ImageFile):
        raw = source.raw()
        if raw.startswith(_KEPT_BYTES[source.kind]):
            return raw
        return encode_png(image) if source.kind is ChannelKind.COLOR else image
    return image
