"""What has been labelled of a sequence so far, as a fold of edits: each can be undone and redone.

An edit is plain data, so that a list of them is at once the history, the file that is kept
(`robotvision.labelling.sidecar`) and the provenance of every label. Positions count a sequence's
frames from 0; a range is half-open. Nothing here reads or writes a file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

import msgspec

from robotvision.errors import RobotVisionError
from robotvision.tasks.labels import LabelMatcher

Origin = Literal["truth", "given", "accepted"]
"""Where a frame's room comes from: the truth that lay with the sequence, a person who looked at
this frame, or a person who accepted what was proposed."""

MAX_NAME = 100


class RoomSpan(msgspec.Struct, frozen=True, array_like=True):
    """A room for the frames ``start`` to ``end`` (excluded); None takes their room away."""

    start: int
    end: int
    room: str | None


class LabelEdit(msgspec.Struct, frozen=True, tag_field="do", omit_defaults=True, kw_only=True):
    """One change: when it was made, in UTC, and by whom if not by who began."""

    at: str = ""
    by: str = ""


class LabelRooms(LabelEdit, frozen=True, tag="rooms"):
    """Give frames their rooms."""

    spans: tuple[RoomSpan, ...]
    origin: Literal["given", "accepted"] = "given"


class MarkCut(LabelEdit, frozen=True, tag="cut"):
    """Begin a segment at a frame, or join it to the one before."""

    position: int
    is_cut: bool = True


class MarkObject(LabelEdit, frozen=True, tag="object"):
    """Say that an object is in view in a range of frames, or is not."""

    start: int
    end: int
    name: str
    is_seen: bool = True


class AddRoom(LabelEdit, frozen=True, tag="room"):
    """Name a room that no frame has yet."""

    name: str


class AddObject(LabelEdit, frozen=True, tag="thing"):
    """Name an object that no frame shows yet."""

    name: str


class Undo(LabelEdit, frozen=True, tag="undo"):
    """Take the last change back."""


class Redo(LabelEdit, frozen=True, tag="redo"):
    """Make the change again that was taken back last."""


Change = LabelRooms | MarkCut | MarkObject | AddRoom | AddObject
AnyEdit = Change | Undo | Redo
EDITS = msgspec.json.Decoder(AnyEdit)
"""Reads an edit, of a file or of the page."""


class LabelStart(msgspec.Struct, frozen=True):
    """What labelling began with: a sequence without truth has rooms, cuts and objects of none."""

    n_frames: int
    rooms: tuple[RoomSpan, ...] = ()
    cuts: tuple[int, ...] = ()
    objects: tuple[tuple[int, int, str], ...] = ()


class LabelState:
    """Rooms, cuts and objects of a sequence's frames.

    Parameters
    ----------
    start : LabelStart
        What it begins with.
    edits : iterable of AnyEdit
        What was done since.

    Attributes
    ----------
    rooms : list of str or None
        Of each frame.
    origins : list of Origin or None
        Where each room comes from.
    cuts : set of int
        Positions at which a segment begins; 0 is none of them.
    objects : list of set of str
        In view, of each frame.
    room_names, object_names : list of str
        All that were named, in order of their first mention: the order of their keys.
    """

    def __init__(self, start: LabelStart, edits: Iterable[AnyEdit] = ()) -> None:
        self.start = start
        self.done: list[Change] = []
        self.undone: list[Change] = []
        self._reset()
        for edit in edits:
            self.apply(edit)

    def _reset(self) -> None:
        n = self.start.n_frames
        self.rooms: list[str | None] = [None] * n
        self.origins: list[Origin | None] = [None] * n
        self.cuts = set(self.start.cuts)
        self.objects: list[set[str]] = [set() for _ in range(n)]
        self.room_names: list[str] = []
        self.object_names: list[str] = []
        self._set_rooms(self.start.rooms, "truth")
        for first, end, name in self.start.objects:
            self._change(MarkObject(first, end, name))

    def apply(self, edit: AnyEdit) -> None:
        """Make a change, or take one back. Raises RobotVisionError where it makes no sense."""
        self.check(edit)
        if isinstance(edit, Undo):
            self.undone.append(self.done.pop())
            self._reset()
            for change in self.done:
                self._change(change)
        elif isinstance(edit, Redo):
            change = self.undone.pop()
            self.done.append(change)
            self._change(change)
        else:
            self.done.append(edit)
            self.undone.clear()
            self._change(edit)

    def check(self, edit: AnyEdit) -> None:
        """Raise RobotVisionError where an edit makes no sense now; nothing is changed."""
        if isinstance(edit, Undo) and not self.done:
            raise RobotVisionError("nothing to undo")
        if isinstance(edit, Redo) and not self.undone:
            raise RobotVisionError("nothing to redo")
        if isinstance(edit, LabelRooms):
            for span in edit.spans:
                self._check_range(span.start, span.end)
                if span.room is not None:
                    check_name("room", span.room, self.room_names)
        elif isinstance(edit, MarkObject):
            self._check_range(edit.start, edit.end)
            check_name("object", edit.name, self.object_names)
        elif isinstance(edit, MarkCut) and not 0 < edit.position < self.start.n_frames:
            raise RobotVisionError(
                f"a cut: expected a frame from 1 to {self.start.n_frames - 1}, got {edit.position}"
            )
        elif isinstance(edit, AddRoom):
            check_name("room", edit.name, self.room_names)
        elif isinstance(edit, AddObject):
            check_name("object", edit.name, self.object_names)

    def _check_range(self, start: int, end: int) -> None:
        if not 0 <= start < end <= self.start.n_frames:
            raise RobotVisionError(
                f"frames: expected a range within 0 and {self.start.n_frames}, got {start} to {end}"
            )

    def _change(self, change: Change) -> None:
        if isinstance(change, LabelRooms):
            self._set_rooms(change.spans, change.origin)
        elif isinstance(change, MarkCut):
            (self.cuts.add if change.is_cut else self.cuts.discard)(change.position)
        elif isinstance(change, MarkObject):
            _mention(change.name, self.object_names)
            for seen in self.objects[change.start : change.end]:
                (seen.add if change.is_seen else seen.discard)(change.name)
        elif isinstance(change, AddRoom):
            _mention(change.name, self.room_names)
        else:
            _mention(change.name, self.object_names)

    def _set_rooms(self, spans: Iterable[RoomSpan], origin: Origin) -> None:
        for span in spans:
            n = span.end - span.start
            self.rooms[span.start : span.end] = [span.room] * n
            self.origins[span.start : span.end] = [None if span.room is None else origin] * n
            if span.room is not None:
                _mention(span.room, self.room_names)

    @property
    def n_labelled(self) -> int:
        """How many frames have a room."""
        return sum(room is not None for room in self.rooms)

    def segments(self) -> list[int]:
        """Return the number of each frame's segment, from 0."""
        numbers, number = [], 0
        for position in range(self.start.n_frames):
            number += position in self.cuts
            numbers.append(number)
        return numbers


def runs_of(values: list[str | None]) -> tuple[RoomSpan, ...]:
    """Return the stretches of equal values, those of None left out."""
    return tuple(RoomSpan(a, b, values[a]) for a, b in stretches(values) if values[a] is not None)


def stretches(
    values: list[str | None], is_cut: Callable[[int], bool] = lambda k: False
) -> list[tuple[int, int]]:
    """Return (start, end) of each stretch of equal values, parted also at cuts."""
    found, start = [], 0
    for k in range(1, len(values) + 1):
        if k == len(values) or values[k] != values[start] or is_cut(k):
            found.append((start, k))
            start = k
    return found


def check_name(kind: str, name: str, known: list[str]) -> None:
    """Raise RobotVisionError where a name cannot be a label, or misspells one that is known."""
    if not name.strip() or name != name.strip() or not name.isprintable() or len(name) > MAX_NAME:
        raise RobotVisionError(
            f"{kind}: expected a name of 1 to {MAX_NAME} signs without blanks around, got {name!r}"
        )
    if kind == "object" and ";" in name:
        raise RobotVisionError(f"object {name!r}: ';' parts objects in a truth.csv; leave it out")
    meant = LabelMatcher(known, {}).meant(name)
    if meant is not None:
        raise RobotVisionError(f"{kind} {name!r} is spelt as {meant!r} already; take that one")


def _mention(name: str, names: list[str]) -> None:
    if name not in names:
        names.append(name)
