"""One labeller at work on one sequence: edits kept as they are made, proposals, the truth written.

What is proposed never becomes truth of itself: an edit of origin ``accepted`` takes it over.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from robotvision.data.native import write_segments, write_truth
from robotvision.data.sequence import ImageSequence
from robotvision.errors import RobotVisionError, not_writable
from robotvision.labelling.embedding import Feature, FrameEmbedding, embed
from robotvision.labelling.proposals import Proposals, Proposer
from robotvision.labelling.sidecar import LabelHeader, Sidecar, frames_digest, sidecar_path
from robotvision.labelling.state import (
    AddObject,
    AddRoom,
    AnyEdit,
    LabelStart,
    runs_of,
)
from robotvision.records import Truth


@dataclass(frozen=True, slots=True)
class SavedTruth:
    """What was written: the table, and in words what it holds and what became of an older one."""

    path: Path
    n_labelled: int
    message: str


@dataclass(frozen=True, slots=True)
class LabelOptions:
    """How a sequence is labelled.

    Parameters
    ----------
    labels : Path or None
        Where labels are kept while they are made; None: beside the sequence.
    truth : Path or None
        Where the truth is written on saving; None: the sequence's own ``truth.csv``, or a table
        beside a recording.
    by : str
        Who labels.
    is_blank : bool
        Leave out the truth that lies with the sequence.
    rooms, objects : tuple of str
        Names to begin with, in the order of their keys.
    cache : Path or None
        Folder of extracted features.
    feature : {"auto", "efficientnet_lite0", "crfh"}
        What proposals rest on; see `robotvision.labelling.embedding.embed`.
    """

    labels: Path | None = None
    truth: Path | None = None
    by: str = ""
    is_blank: bool = False
    rooms: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()
    cache: Path | None = None
    feature: Feature = "auto"


def start_of(sequence: ImageSequence, *, is_blank: bool = False) -> LabelStart:
    """Return what labelling a sequence begins with: its segments, and its truth unless blank."""
    truth = {} if is_blank else sequence.truth or {}
    found = [truth.get(e.index) for e in sequence.frames]
    return LabelStart(
        n_frames=len(sequence),
        rooms=runs_of([t.room if t else None for t in found]),
        cuts=tuple(first for first, _ in sequence.segments() if first),
        objects=tuple(
            (span.start, span.end, name)
            for name in sorted({o for t in found if t for o in t.objects})
            for span in runs_of([name if t and name in t.objects else None for t in found])
        ),
    )


class LabelSession:
    """Labels of a sequence, kept on disk with every edit. A context manager.

    Parameters
    ----------
    sequence : ImageSequence
    options : LabelOptions

    Raises
    ------
    RobotVisionError
        The labels cannot be read or written, or another process has them open.
    """

    def __init__(self, sequence: ImageSequence, options: LabelOptions | None = None) -> None:
        self.sequence, self.options = sequence, options or LabelOptions()
        numbers = tuple(e.index for e in sequence.frames)
        header = LabelHeader(
            sequence=sequence.name,
            digest=frames_digest(sequence),
            by=self.options.by,
            start=start_of(sequence, is_blank=self.options.is_blank),
            numbers=() if numbers == tuple(range(len(numbers))) else numbers,
        )
        self.sidecar = Sidecar(self.options.labels or sidecar_path(sequence), header)
        self.state = self.sidecar.state
        if self.options.is_blank and self.sidecar.header.start.rooms:
            self.sidecar.close()
            raise RobotVisionError(
                f"{self.sidecar.path}: these labels began with a truth; for blank ones give "
                "another file with --labels"
            )
        for room in self.options.rooms:
            if room not in self.state.room_names:
                self.sidecar.apply(AddRoom(room))
        for name in self.options.objects:
            if name not in self.state.object_names:
                self.sidecar.apply(AddObject(name))
        self.version = 0
        self.saved_version: int | None = None
        self.progress = (0, len(sequence))
        self.embedding: FrameEmbedding | None = None
        self.problem = ""
        self._proposer: Proposer | None = None
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        self.sidecar.close()

    def apply(self, edit: AnyEdit) -> None:
        """Make an edit; it is on disk when this returns. Raises RobotVisionError."""
        with self._lock:
            self.sidecar.apply(edit)
            self.version += 1

    def learn(self) -> None:
        """Compute the frames' embeddings, so that `propose` has something to say.

        What stands against it is kept in ``problem``: labelling goes on without proposals.
        """

        def progress(_: str, done: int, total: int) -> None:
            self.progress = (done, total)

        try:
            embedding = embed(self.sequence, self.options.cache, progress, self.options.feature)
        except RobotVisionError as e:
            self.problem = e.lines()[0]
            return
        self.problem = embedding.note
        self._proposer = Proposer(embedding.vectors)
        self.embedding = embedding

    def propose(self) -> tuple[int, Proposals] | None:
        """Return proposals and the version of the labels that they rest on; None: not yet."""
        if self._proposer is None:
            return None
        with self._lock:
            version, names = self.version, list(self.state.room_names)
            codes = {name: code for code, name in enumerate(names)}
            known = [-1 if room is None else codes[room] for room in self.state.rooms]
            cuts = sorted(self.state.cuts)
        return version, self._proposer.propose(known, len(names), cuts)

    def view(self) -> dict[str, Any]:
        """Return the labels as plain data: what the page shows."""
        with self._lock:
            state = self.state
            codes = {name: code for code, name in enumerate(state.room_names)}
            return {
                "version": self.version,
                "labels": list(state.room_names),
                "objects": list(state.object_names),
                "given": [-1 if r is None else codes[r] for r in state.rooms],
                "accepted": [int(o == "accepted") for o in state.origins],
                "cuts": sorted(state.cuts),
                "seen": {k: sorted(seen) for k, seen in enumerate(state.objects) if seen},
                "can_undo": bool(state.done),
                "can_redo": bool(state.undone),
                "saved": self.saved_version == self.version,
            }

    @property
    def truth_path(self) -> Path:
        """Where the truth is written."""
        if self.options.truth is not None:
            return self.options.truth
        root = self.sequence.root
        return root / "truth.csv" if root.is_dir() else root.with_name(f"{root.name}.truth.csv")

    def save(self) -> SavedTruth:
        """Write the truth of the frames that have a room, and the native layout's segments.

        A table that stood there before the first time is kept with ``.orig`` at its name's end.

        Raises
        ------
        RobotVisionError
            It cannot be written.
        """
        with self._lock:
            return self._save()

    def _save(self) -> SavedTruth:
        state, frames = self.state, self.sequence.frames
        rows = zip(frames, state.rooms, state.objects, strict=True)
        truth = {e.index: Truth(room, frozenset(seen)) for e, room, seen in rows if room}
        path = self.truth_path
        kept = [_keep_original(path)]
        write_truth(path, truth)
        segments = {e.index: s for e, s in zip(frames, state.segments(), strict=True)}
        is_native = self.sequence.reader == "native" and self.options.truth is None
        if is_native and _cuts([e.segment for e in frames]) != state.cuts:
            table = self.sequence.root / "frames.csv"
            kept.append(_keep_original(table))
            write_segments(table, segments)
        self.saved_version = self.version
        n_open = len(frames) - len(truth)
        message = f"{path}: {len(truth)} of {len(frames)} frames have a room"
        message += f", {n_open} have none" if n_open else ""
        originals = [p.name for p in kept if p is not None]
        message += f"; what stood there before is {' and '.join(originals)}" if originals else ""
        return SavedTruth(path, len(truth), message)


def _cuts(segments: Sequence[int]) -> set[int]:
    return {k for k in range(1, len(segments)) if segments[k] != segments[k - 1]}


def _keep_original(path: Path) -> Path | None:
    """Keep a copy of what was there before labelling; return it where one was made now."""
    kept = path.with_name(f"{path.name}.orig")
    if not path.exists() or kept.exists():
        return None
    try:
        shutil.copy2(path, kept)
    except OSError as e:
        raise not_writable(kept, e) from e
    return kept
