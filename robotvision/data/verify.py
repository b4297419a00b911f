"""Find every fault of a sequence at once: its tables, its truth and each of its images.

Beside them what is no fault but worth knowing: images of several sizes, frames in no order.
"""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

from robotvision.data import read_sequence
from robotvision.data.names import is_image, order_faults
from robotvision.data.sequence import (
    ChannelKind,
    FrameEntry,
    ImageFile,
    ImageSequence,
    Reading,
    Source,
)
from robotvision.errors import Fault, FrameError, InputFaults, RobotVisionError
from robotvision.plugins.progress import Progress, quiet
from robotvision.tasks import Task, load_task
from robotvision.tasks.truth_labels import object_fault, room_fault

T = TypeVar("T")

MIN_FRAMES = 20
"""Fewer frames say nothing of their order."""

DecodeResult = tuple[str, Source, tuple[int, ...] | FrameError]
"""Of one image: channel, source, its shape or what is wrong with it."""


def verify(
    subject: Reading | Path, task: Task | None = None, progress: Progress = quiet
) -> list[Fault]:
    """Return every fault of a sequence, an empty list where it is fine.

    Parameters
    ----------
    subject : Reading or Path
        What a reader returned, or the path of a sequence.
    task : Task, optional
        Whose rooms and objects the truth may hold; where None, the one the sequence names, if any.
    progress : callable, optional
        Called with (sequence, frames done, frames in all) as images are decoded.
    """
    if isinstance(subject, Path):
        subject = _read(subject, None)
    faults = list(subject.faults)
    sequence = subject.sequence
    if sequence is None:
        return faults
    faults += _check_order(sequence)
    faults += _stray_truth(sequence)
    faults += _check_labels(sequence, task)
    faults += _check_images(sequence, progress)
    return list(dict.fromkeys(faults))


def read_and_verify(
    path: Path,
    reader: str | None = None,
    task: Task | None = None,
    progress: Progress = quiet,
    **params: Any,
) -> Reading:
    """Return the sequence at ``path`` with every fault that `verify` finds.

    ``params`` go to the reader.
    """
    reading = _read(path, reader, **params)
    return Reading(reading.sequence, verify(reading, task, progress), reading.warnings)


def _read(path: Path, reader: str | None, **params: Any) -> Reading:
    try:
        return read_sequence(path, reader, **params)
    except InputFaults as e:
        return Reading(None, list(e.faults))


def _check_order(sequence: ImageSequence) -> Iterator[Fault]:
    table = sequence.table or sequence.root
    seen: dict[int, FrameEntry] = {}
    previous: FrameEntry | None = None
    for entry in sequence.frames:
        if entry.index in seen:
            first = seen[entry.index].line
            place = f" (first in line {first})" if first is not None else ""
            yield Fault(
                table,
                f"the index {entry.index} is there twice{place}",
                entry.line,
                remedy="number each frame once",
            )
        seen.setdefault(entry.index, entry)
        if previous is not None:
            yield from order_faults(previous, entry, table)
        previous = entry


def _truth_fault(sequence: ImageSequence, index: int, message: str, remedy: str = "") -> Fault:
    path = sequence.truth_table or sequence.root
    return Fault(path, message, sequence.truth_lines.get(index), remedy=remedy)


def _stray_truth(sequence: ImageSequence) -> Iterator[Fault]:
    known = {f.index for f in sequence.frames}
    table = (sequence.table or sequence.root).name
    for index in (sequence.truth or {}) if known else ():
        if index not in known:
            yield _truth_fault(
                sequence, index, f"truth for the frame {index}, which is not in {table}"
            )


def _check_labels(sequence: ImageSequence, task: Task | None) -> Iterator[Fault]:
    if task is None and sequence.task is not None:
        try:
            task = load_task(sequence.task, sequence.root)
        except InputFaults as e:
            yield from e.faults
        except RobotVisionError as e:
            yield Fault(sequence.root / "sequence.yaml", f"task: {e}")
    task = task_for(sequence, task)
    path = sequence.truth_table or sequence.root
    for index, truth in (sequence.truth or {}).items():
        line = sequence.truth_lines.get(index)
        if (fault := room_fault(task, truth.room, path, line)) is not None:
            yield fault
        for name in sorted(truth.objects) if task.objects else ():
            yield from _object_faults(task, name, path, line)


def task_for(sequence: ImageSequence, task: Task | None) -> Task:
    """Return the task that labels are checked against; without one, each usual spelling is good."""
    return (task or load_task("rooms")).with_rooms(sequence.room_counts())


def _object_faults(task: Task, name: str, path: Path, line: int | None) -> Iterator[Fault]:
    """Yield what is wrong with an object in view; one outside the task counts for nothing."""
    if (fault := object_fault(task, name, path, line)) is not None:
        yield fault
    elif task.object_matcher.label(name) is None:
        message = f"the object {name!r} is not one of the task {task.id}"
        yield Fault(path, message, line, remedy=f"objects: {', '.join(task.objects)}")


def _check_images(sequence: ImageSequence, progress: Progress) -> Iterator[Fault]:
    sizes = SizeCheck(sequence)
    for position, results in enumerate(map_frames(sequence, _decode)):
        for channel, source, result in results:
            if isinstance(result, FrameError):
                yield image_fault(sequence, position, channel, source, result)
            else:
                yield from sizes.faults(position, channel, source, result[:2])
        progress(sequence.name, position + 1, len(sequence))


class SizeCheck:
    """Find images that are not of the size that the calibration gives, else the first one has.

    Parameters
    ----------
    sequence : ImageSequence
        Its images are handed over in order.
    """

    def __init__(self, sequence: ImageSequence) -> None:
        self.sequence = sequence
        self._sizes = {c: s for c in sequence.channels if (s := sequence.size(c))}
        self._origin = dict.fromkeys(self._sizes, "as the calibration says")

    def faults(
        self, position: int, channel: str, source: Source, shape: tuple[int, ...]
    ) -> Iterator[Fault]:
        """Yield the fault of an image of ``shape`` (height, width), if it has one."""
        if self.sequence.channels.get(channel) is ChannelKind.POINTS:
            return
        size = (shape[1], shape[0])
        expected = self._sizes.setdefault(channel, size)
        origin = self._origin.setdefault(channel, f"as in {_relative(self.sequence, source)}")
        if size != expected:
            error = FrameError(
                f"expected {expected[0]}x{expected[1]} pixels {origin}, got {size[0]}x{size[1]}"
            )
            yield image_fault(self.sequence, position, channel, source, error)


def is_unordered(sequence: ImageSequence) -> bool:
    """Return whether frames stand in no order of time.

    So it is where every frame is a segment of its own, or, in at least `MIN_FRAMES` frames of known
    rooms, the room changes from frame to frame more than half as often as in a random order.
    """
    n = len(sequence)
    if n > 1 and len({f.segment for f in sequence.frames}) == n:
        return True
    rooms = [room for i in range(n) if (room := sequence.room(i)) is not None]
    if len(rooms) < MIN_FRAMES:
        return False
    changes = sum(a != b for a, b in pairwise(rooms)) / (len(rooms) - 1)
    at_random = 1 - sum((count / len(rooms)) ** 2 for count in Counter(rooms).values())
    return changes > at_random / 2 > 0


def mixed_sizes(sequence: ImageSequence) -> list[Fault]:
    """Return the faults of size of a sequence's image files, by what their headers claim.

    Nothing is decoded; unreadable files are left to whoever decodes them.
    """
    check = SizeCheck(sequence)
    return [
        fault
        for position, claims in enumerate(map_frames(sequence, _claim))
        for channel, source, (width, height) in claims
        for fault in check.faults(position, channel, source, (height, width))
    ]


def _claim(entry: FrameEntry) -> list[tuple[str, Source, tuple[int, int]]]:
    claims: list[tuple[str, Source, tuple[int, int]]] = []
    for channel, source in entry.sources.items():
        if isinstance(source, ImageFile) and is_image(source.path.name):
            try:
                size = source.claimed_size()
            except FrameError:
                continue  # whoever needs its pixels reports it
            claims += [] if size is None else [(channel, source, size)]
    return claims


def map_frames(sequence: ImageSequence, work: Callable[[FrameEntry], T]) -> Iterator[T]:
    """Yield ``work(entry)`` of each frame in order, worked on by all cores.

    A source that is only quick in order (``in_order``: a video) is read by one thread. Only a few
    frames are worked on ahead of the one yielded, so results do not pile up.
    """
    first = sequence.frames[0].sources.values() if sequence.frames else ()
    workers = 1 if any(getattr(s, "in_order", False) for s in first) else os.cpu_count() or 1
    with ThreadPoolExecutor(workers) as pool:
        ahead: deque[Future[T]] = deque()
        for entry in sequence.frames:
            ahead.append(pool.submit(work, entry))
            if len(ahead) > 4 * workers:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def _decode(entry: FrameEntry) -> list[DecodeResult]:
    return [(channel, source, _shape(source)) for channel, source in entry.sources.items()]


def _shape(source: Source) -> tuple[int, ...] | FrameError:
    try:
        return source.read().shape
    except FrameError as e:
        return e


def image_fault(
    sequence: ImageSequence, position: int, channel: str, source: Source, error: FrameError
) -> Fault:
    """Return a broken image as a fault: at the table's line where it has one, else at itself."""
    message = str(error).removeprefix(f"{source.where}: ")
    if sequence.table is None or sequence.frames[position].line is None:
        return Fault(source.where, message)
    return sequence.fault(position, f"{channel}: {_relative(sequence, source)}: {message}")


def _relative(sequence: ImageSequence, source: Source) -> str:
    path = Path(source.where)
    return str(path.relative_to(sequence.root)) if path.is_relative_to(sequence.root) else str(path)
