"""A task: an edition's rooms, objects, points, run-file form and published results, as data.

Every fact of an edition has a status that travels with it to wherever its number is printed:
``verified`` in a source, ``derived`` from a verified source, ``recollected`` from the literature
and not confirmed (never shown as official), or ``own`` (a rule of this project or of the user).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from robotvision.errors import near, repeated
from robotvision.tasks.labels import LabelMatcher, folded, matcher, usual_spellings
from robotvision.yamlfile import Strict


class Status(StrEnum):
    """How far a fact can be trusted."""

    VERIFIED = "verified"
    DERIVED = "derived"
    RECOLLECTED = "recollected"
    OWN = "own"


def _label(text: str) -> str:
    if not text or text != text.strip() or any(not c.isprintable() for c in text):
        raise ValueError(f"expected a label of printable characters, got {text!r}")
    return text


def _distinct(labels: tuple[str, ...]) -> tuple[str, ...]:
    twice = repeated(labels)
    if twice:
        raise ValueError(f"{', '.join(map(repr, twice))} is listed twice; keep one")
    return labels


Label = Annotated[str, AfterValidator(_label)]
Labels = Annotated[tuple[Label, ...], AfterValidator(_distinct)]


class Aliases(Strict):
    """Other exact spellings of labels, accepted wherever labels are read: alias -> label."""

    rooms: dict[Label, Label] = {}
    objects: dict[Label, Label] = {}

    def pairs(self) -> list[tuple[str, str]]:
        """Return every alias with its label, those of rooms first."""
        return [*self.rooms.items(), *self.objects.items()]


class Fact(Strict):
    """Where a number comes from."""

    status: Status
    source: str = ""
    note: str = ""


class RoomPoints(Strict):
    """Points for the answer to "where are you?"."""

    correct: float = 1.0
    wrong: float = -0.5
    unanswered: float = 0.0

    @model_validator(mode="after")
    def _order(self) -> Self:
        if self.correct <= max(self.wrong, self.unanswered):
            raise ValueError(
                f"expected correct ({self.correct:g}) above wrong ({self.wrong:g}) and unanswered "
                f"({self.unanswered:g})"
            )
        return self

    @property
    def break_even(self) -> float:
        """Probability of being right above which answering beats silence, in [0, 1]."""
        return max(0.0, (self.unanswered - self.wrong) / (self.correct - self.wrong))


class Cell(Strict):
    """Points of one kind of statement where the object is there and where it is not."""

    present: float = 0.0
    absent: float = 0.0


class ObjectPoints(Strict):
    """Points for each object of the task in each frame, by statement x truth."""

    stated_present: Cell = Cell()
    stated_absent: Cell = Cell()
    not_stated: Cell = Cell()


class Points(Strict):
    """Points for one frame: the room's and the sum over the objects."""

    room: RoomPoints = RoomPoints()
    objects: ObjectPoints | None = None


class TestSet(Strict):
    """One test sequence set of an edition."""

    name: Label
    title: str = ""


class KnownCount(Strict):
    """The number of frames an original sequence has, to check a copy against."""

    sequence: str
    frames: int | None = Field(default=None, ge=0)
    rooms: dict[str, int] = {}
    objects: dict[str, int] = Field(default={}, description="frames in which each is in view")
    status: Status = Status.OWN
    note: str = ""


class RunFile(Strict):
    """The form of the text file in which answers are handed in.

    ``number_room``: ``00001 Corridor``; ``frame_room``: a frame's number or file name and a label;
    ``number_room_objects``: ``1 Corridor Chair !Phone ...``.
    """

    form: Literal["number_room", "frame_room", "number_room_objects"] = "number_room"
    digits: int = Field(default=5, ge=1, le=18)
    first_number: int = Field(default=1, ge=0, le=10**12)


class PublishedRow(Strict):
    """One line of a published table; points None where only the rank is known."""

    group: str
    points: float | None = None
    status: Status = Status.RECOLLECTED
    note: str = ""


class PublishedTable(Strict):
    """Published results of an edition under one set of rules."""

    track: str
    rows: tuple[PublishedRow, ...]
    source: str = ""
    note: str = ""


class Task(Strict):
    """The rules of one edition, or of one's own contest."""

    id: Label
    title: str = ""
    venue: str = ""
    year: int | None = None
    question: str = ""
    note: str = ""
    rooms: Labels | Literal["from-training"]
    unknown: Label | None = None
    unknown_expected: bool = Field(
        default=False, description="test sequences are known to show rooms that training does not"
    )
    objects: Labels = ()
    aliases: Aliases = Aliases()
    sensors: tuple[str, ...] = ()
    points: Points = Points()
    modes: tuple[Literal["obligatory", "optional"], ...] = ("obligatory", "optional")
    test_sets: tuple[TestSet, ...] = ()
    overall: Literal["sum", "separate"] = "sum"
    run_file: RunFile = RunFile()
    known_counts: tuple[KnownCount, ...] = ()
    published: tuple[PublishedTable, ...] = ()
    facts: dict[str, Fact] = {}
    changed: tuple[str, ...] = Field(
        default=(),
        description="filled in when loaded: what differs from the shipped task of this id",
    )

    @model_validator(mode="after")
    def _consistent(self, info: ValidationInfo) -> Self:
        faults = list(_inconsistencies(self))
        if isinstance(info.context, list):
            info.context.extend(faults)
        elif faults:
            raise ValueError("; ".join(f"{'.'.join(where)}: {what}" for where, what in faults))
        return self

    @property
    def room_names(self) -> tuple[str, ...]:
        """The rooms, without the unknown label; empty until training gives them."""
        return self.rooms if isinstance(self.rooms, tuple) else ()

    @property
    def labels(self) -> tuple[str, ...]:
        """Every label an answer may hold: the rooms and, where there is one, unknown."""
        return (*self.room_names, *((self.unknown,) if self.unknown is not None else ()))

    @property
    def room_matcher(self) -> LabelMatcher:
        """Match spellings of rooms, and of the unknown label, with the task's labels."""
        return matcher(self.labels, tuple(self.aliases.rooms.items()))

    @property
    def object_matcher(self) -> LabelMatcher:
        """Match spellings of objects with the task's."""
        return matcher(self.objects, tuple(self.aliases.objects.items()))

    def with_rooms(self, rooms: Iterable[str]) -> Task:
        """Return the task with the rooms of the training sequences, where it asks for them.

        Parameters
        ----------
        rooms : iterable of str, or Mapping[str, int]
            The rooms as spelt, or how many frames each has. Of spellings that differ by case,
            blanks, hyphens or underscores the most frequent is the room; the others are then
            misspellings of it (see `label_of`).
        """
        if isinstance(self.rooms, tuple):
            return self
        counts: Counter[str] = Counter()
        for room, n in Counter(rooms).items():
            counts[self.aliases.rooms.get(room, room)] += n
        unknown = None if self.unknown is None else folded(self.unknown)
        names = tuple(r for r in usual_spellings(counts) if folded(r) != unknown)
        return self.model_copy(update={"rooms": names})

    def label_of(self, room: str) -> str | None:
        """Return the task's label of a true room: its own, that of an alias, or unknown.

        None where the room is misspelt, or is outside a task that has no unknown label: such a
        room cannot be counted.
        """
        match = self.room_matcher
        label = match.label(room)
        return label if label is not None or match.meant(room) is not None else self.unknown

    def fact(self, key: str) -> Fact:
        """Return the fact about ``key`` or about the nearest key above it."""
        while True:
            if key in self.facts:
                return self.facts[key]
            if "." not in key:
                return Fact(status=Status.OWN)
            key = key.rpartition(".")[0]


def _inconsistencies(task: Task) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield what does not fit together: the path of keys where it shows, and what is wrong."""
    if task.rooms == ():
        yield ("rooms",), "expected at least one room, or from-training"
    if task.unknown is not None and task.unknown in task.room_names:
        yield ("unknown",), f"{task.unknown!r} is one of the rooms; use another label"
    if task.objects and task.points.objects is None:
        yield ("objects",), "objects without points; add points.objects"
    if task.points.objects is not None and not task.objects:
        yield ("points", "objects"), "points without objects; list the objects"
    if task.run_file.form == "number_room_objects":
        for label in (*task.labels, *task.objects):
            if " " in label:
                yield ("run_file",), f"{label!r} holds a blank, which parts words in this form"
    for name in task.objects:
        if name.startswith("!") or ";" in name:
            yield ("objects",), f"{name!r}: a leading '!' and ';' have a meaning of their own"
    yield from _wrong_aliases(task)
    known = set(_keys(type(task)))
    for key in task.facts:
        if key not in known:
            yield ("facts", key), f"{key!r} is not a key of a task{near(key, known)}"


def _wrong_aliases(task: Task) -> Iterator[tuple[tuple[str, ...], str]]:
    for kind, labels, aliases in (
        ("rooms", task.labels, task.aliases.rooms),
        ("objects", task.objects, task.aliases.objects),
    ):
        is_open = kind == "rooms" and not task.room_names
        for alias, label in aliases.items():
            if alias in labels:
                yield ("aliases", kind, alias), f"{alias!r} is a label itself; leave it out"
            elif label not in labels and not is_open:
                yield (
                    ("aliases", kind, alias),
                    f"{label!r} is not one of the {kind}{near(label, labels)}",
                )
            elif kind == "objects" and (alias.startswith("!") or ";" in alias):
                yield (
                    ("aliases", kind, alias),
                    f"{alias!r}: a leading '!' and ';' have a meaning of their own",
                )


def _keys(model: type[Strict], prefix: str = "") -> Iterable[str]:
    nested: Mapping[str, type[Strict]] = {
        "points": Points,
        "room": RoomPoints,
        "objects": ObjectPoints,
        "stated_present": Cell,
        "stated_absent": Cell,
        "not_stated": Cell,
        "run_file": RunFile,
    }
    for name in model.model_fields:
        yield prefix + name
        if name in nested and not (model is Task and name == "objects"):
            yield from _keys(nested[name], f"{prefix}{name}.")
