"""What a sequence holds, in a few numbers."""

from __future__ import annotations

import hashlib
from typing import Any

from robotvision.data.sequence import FrameEntry, ImageSequence
from robotvision.data.verify import map_frames
from robotvision.errors import FrameError
from robotvision.plugins.progress import Progress, quiet


def summary(sequence: ImageSequence, progress: Progress = quiet) -> dict[str, Any]:
    """Return what `robotvision data info` prints, ready for JSON.

    ``sizes`` are (width, height) of the calibration, else of the first frame that has the channel
    and can be read. ``rooms`` is empty where the truth is withheld.
    """
    times = [f.timestamp_ns for f in sequence.frames]
    return {
        "name": sequence.name,
        "path": str(sequence.root),
        "reader": sequence.reader,
        "frames": len(sequence),
        "segments": len(list(sequence.segments())),
        "rooms": sequence.room_counts(),
        "truth": sequence.truth is not None,
        "channels": list(sequence.channels),
        "kinds": sequence.kinds,
        "sizes": {c: size for c in sequence.channels if (size := _size(sequence, c))},
        "rate_hz": sequence.measured_rate_hz,
        "duration_s": (times[-1] - times[0]) / 1e9 if times else 0.0,
        "poses": sum(f.pose is not None for f in sequence.frames),
        "calibrated": sorted(sequence.calibration),
        "task": sequence.task,
        "note": sequence.note,
        "digest": digest(sequence, progress),
    }


def digest(sequence: ImageSequence, progress: Progress = quiet) -> str | None:
    """Return 32 hexadecimal digits that stand for numbers, times, segments and images.

    Name, folder, layout, poses and truth do not enter. None where an image is missing.
    """
    h = hashlib.blake2b(digest_size=16)
    whole = True
    for position, digests in enumerate(map_frames(sequence, _digests)):
        entry = sequence.frames[position]
        h.update(f"{entry.index},{entry.timestamp_ns},{entry.segment}\n".encode())
        if digests is None:
            whole = False
        else:
            h.update(digests)
        progress(sequence.name, position + 1, len(sequence))
    return h.hexdigest() if whole else None


def _digests(entry: FrameEntry) -> bytes | None:
    try:
        return b"".join(
            c.encode() + b"\0" + entry.sources[c].digest() for c in sorted(entry.sources)
        )
    except FrameError:
        return None


def _size(sequence: ImageSequence, channel: str) -> tuple[int, int] | None:
    if known := sequence.size(channel):
        return known
    for entry in sequence.frames[:10]:
        if channel in entry.sources:
            try:
                shape = entry.sources[channel].read().shape
            except FrameError:
                continue
            return (shape[1], shape[0]) if sequence.channels[channel] != "points" else None
    return None
