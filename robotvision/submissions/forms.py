"""The forms of a run file: what a line says, and how a line is written.

Three forms, as the task names them (``run_file.form``):

* ``number_room`` (2012): ``00001 Corridor``. No answer: the number and two blanks.
* ``frame_room`` (2009, 2010): ``"00001","Corridor"`` or, by file name, ``"t12.5_rBO.png","BO"``;
  the quotes may be left out. No answer: an empty label.
* ``number_room_objects`` (2013, 2014): ``1 Corridor Chair !Phone``; ``!`` before an object stated
  absent; an object left out is not stated. No room: two blanks after the number.

A line is a key (which frame) and a tail (the answer). Tails repeat, so each distinct one is
understood once; what it means is looked up for every further line that holds it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass

from robotvision.errors import RobotVisionError
from robotvision.records import Answer
from robotvision.scoring.points import ABSENT, NOT_STATED, PRESENT
from robotvision.submissions.lines import is_text, is_whole
from robotvision.tasks.labels import LabelMatcher
from robotvision.tasks.model import Task


@dataclass(frozen=True, slots=True)
class ParsedAnswer:
    """What a line says: the place of its label (-1: no answer) and a code for each object."""

    label: int
    stated: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ParseError:
    """What is wrong with a line, and what to do."""

    message: str
    remedy: str = ""
    kind: str = "line"


class Form:
    """How a task's run files are written; the base of the three forms.

    Parameters
    ----------
    task : Task
        Where its rooms are not settled, every label is taken and noted in ``labels``. Aliases
        that were read are noted in ``aliases``, each with its label.
    """

    by_name = False
    """Whether a frame may be named by its file name."""
    parts = "a frame number, one blank and a label"
    """What a line consists of, in words."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.is_open = not task.room_names
        self.labels = {label: i for i, label in enumerate(task.labels)}
        self.objects = {name: i for i, name in enumerate(task.objects)}
        self.aliases: dict[str, str] = {}

    def split(self, lines: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
        """Return keys and tails of lines; a line that cannot be split has an empty key."""
        parts = [line.partition(" ") for line in lines]
        return [p[0] for p in parts], [p[2] for p in parts]

    def room_text(self, tail: str) -> str:
        """Return what stands in a tail where the room belongs."""
        return tail.strip(" ")

    def meaning(self, tail: str) -> ParsedAnswer | ParseError:
        """Return what a tail says."""
        label = self.label(self.room_text(tail))
        return label if isinstance(label, ParseError) else ParsedAnswer(label)

    def label(self, text: str) -> int | ParseError:
        """Return the place of a label in the task's, or -1 for no answer."""
        if not text:
            return -1
        place = self._place(text, self.labels, self.task.room_matcher)
        if place is not None:
            return place
        if not is_text(text):
            return _not_text(text)
        if not self.is_open:
            return ParseError(
                f"the label {text!r} is not one of the task's{self.task.room_matcher.hint(text)}",
                f"labels: {', '.join(self.labels)}; no answer: {self.show(None)}",
                "label",
            )
        if not text.isprintable():
            return ParseError(
                f"{text!r} is not a label: it holds signs that cannot be printed", kind="label"
            )
        return self.labels.setdefault(text, len(self.labels))

    def _place(self, text: str, places: dict[str, int], match: LabelMatcher) -> int | None:
        """Return the place of a label, of an alias, too; None where it is neither."""
        if (place := places.get(text)) is not None:
            return place
        label = match.label(text)
        if label is not None:
            self.aliases[text] = label
        return None if label is None else places.get(label)

    def explain_key(self, line: str) -> ParseError:
        """Say what is wrong with a line whose key cannot be read."""
        if not line.strip():
            return ParseError("an empty line", "leave it out", "empty-line")
        return ParseError(
            f"expected {self.parts}, got {_short(line)}",
            f"write it like {self.show(self.example)}",
        )

    @property
    def name(self) -> str:
        """What a task calls the form."""
        return next(name for name, form in _FORMS.items() if type(self) is form)

    @property
    def example(self) -> Answer:
        """An answer to show the form with: the first room, every other object present."""
        objects = {name: i % 2 == 0 for name, i in self.objects.items()}
        return Answer(next(iter(self.task.room_names), "Corridor"), objects=objects)

    def show(self, answer: Answer | None) -> str:
        """Return an example line in quotes."""
        first = self.task.run_file.first_number
        return repr(self.line(first, answer or Answer(None)))

    def line(self, key: int | str, answer: Answer) -> str:
        """Return the line that says ``answer``, without its end."""
        return f"{self.key(key)} {answer.room or ' '}"

    def key(self, key: int | str) -> str:
        """Return a frame number as the form writes it.

        Raises
        ------
        RobotVisionError
            The form names frames by number, and ``key`` is a name.
        """
        if isinstance(key, str) or key < 0:
            raise RobotVisionError(
                f"expected a frame number of at least 0, got {key!r}: the form "
                f"{self.task.run_file.form} names frames by number"
            )
        return f"{key:0{self.task.run_file.digits}d}"


class NumberRoom(Form):
    """``00001 Corridor``."""


class FrameRoom(Form):
    """``"00001","Corridor"``, or a file name in place of the number."""

    by_name = True
    parts = "a frame and a label with a comma between"

    def split(self, lines: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
        """Return keys and tails, read as CSV."""
        lines = [line.rstrip(" ") for line in lines]
        rows = _csv(lines)
        if rows is None or len(rows) != len(lines) or any(len(row) != 2 for row in rows):
            rows = [_csv_pair(line) for line in lines]
        return [row[0] for row in rows], [row[1] for row in rows]

    def line(self, key: int | str, answer: Answer) -> str:
        """Return the line that says ``answer``, without its end."""
        frame = key if isinstance(key, str) else self.key(key)
        return f"{_quoted(frame)},{_quoted(answer.room or '')}"


class NumberRoomObjects(Form):
    """``1 Corridor Chair !Phone``."""

    def room_text(self, tail: str) -> str:
        """Return what stands in a tail where the room belongs."""
        return tail.partition(" ")[0]

    def meaning(self, tail: str) -> ParsedAnswer | ParseError:
        """Return what a tail says."""
        room, _, rest = tail.partition(" ")
        label = self.label(room)
        if isinstance(label, ParseError):
            if self._object(room.removeprefix("!")) is not None:
                return ParseError(
                    f"expected a room, got the object {room!r}",
                    "leave two blanks after the number where no room is answered",
                    "object",
                )
            return label
        stated = [NOT_STATED] * len(self.objects)
        for word in filter(None, rest.split(" ")):
            name = word.removeprefix("!")
            place = self._object(name)
            if place is None:
                return self._not_an_object(name)
            if stated[place] != NOT_STATED:
                return ParseError(f"the object {name!r} is there twice", "keep one", "object")
            stated[place] = PRESENT if name == word else ABSENT
        return ParsedAnswer(label, tuple(stated))

    def _object(self, name: str) -> int | None:
        return self._place(name, self.objects, self.task.object_matcher)

    def _not_an_object(self, name: str) -> ParseError:
        if not is_text(name):
            return _not_text(name)
        if self.task.room_matcher.label(name) is not None:
            return ParseError(
                f"expected an object, got the room {name!r}",
                "leave one blank between the number and the room",
                "object",
            )
        return ParseError(
            f"the object {name!r} is not one of the task's{self.task.object_matcher.hint(name)}",
            f"objects: {', '.join(self.objects)}",
            "object",
        )

    def line(self, key: int | str, answer: Answer) -> str:
        """Return the line that says ``answer``, without its end."""
        stated = answer.objects
        words = [("" if stated[o] else "!") + o for o in self.objects if o in stated]
        if answer.room is None and not words:
            words = [""]
        return " ".join([self.key(key), answer.room or "", *words])


_HEADS = frozenset(
    [
        "frame",
        "frames",
        "frame_id",
        "id",
        "index",
        "idx",
        "number",
        "nr",
        "no",
        "image",
        "file",
        "filename",
        "file_name",
    ]
)
"""Words over a column of frames."""
_FORMS: dict[str, type[Form]] = {
    "number_room": NumberRoom,
    "frame_room": FrameRoom,
    "number_room_objects": NumberRoomObjects,
}


def form_of(task: Task) -> Form:
    """Return the form of the task's run files."""
    return _FORMS[task.run_file.form](task)


def other_form(task: Task, lines: Sequence[str]) -> Form | None:
    """Return the form that every line is in, where it is none that the task's form includes.

    A line is in a form where its key can be read and a room of the task, or none, stands where it
    belongs; some line must name a room.
    """
    for name, form_class in _FORMS.items():
        form = form_class(task)
        keys, tails = form.split(lines)
        rooms = list(map(form.room_text, tails))
        has_keys = all(is_whole(key) or (form.by_name and key) for key in keys)
        is_known = all(not r or task.room_matcher.label(r) is not None for r in rooms)
        if has_keys and is_known and any(rooms) and _is_other(name, task.run_file.form):
            return form
    return None


def _is_other(name: str, wanted: str) -> bool:
    """Return whether a form is not part of the wanted one: objects may all be left out."""
    return name != wanted and (name, wanted) != ("number_room", "number_room_objects")


def is_header(line: str) -> bool:
    """Return whether a line names columns: plain words alone, one of them such as ``frame``."""
    words = [word.strip("\"'#").lower() for word in re.split(r"[\s,;]+", line) if word.strip("#")]
    return bool(words) and all(w.isidentifier() for w in words) and not _HEADS.isdisjoint(words)


def _not_text(text: str) -> ParseError:
    return ParseError(f"{text!r} is not UTF-8 text", "save the file as UTF-8", "encoding")


def _csv(lines: Sequence[str]) -> list[list[str]] | None:
    try:
        return list(csv.reader(lines, strict=True, skipinitialspace=True))
    except csv.Error:
        return None


def _csv_pair(line: str) -> list[str]:
    rows = _csv([line])
    return rows[0] if rows and len(rows) == 1 and len(rows[0]) == 2 else ["", ""]


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _short(line: str) -> str:
    return repr(line if len(line) <= 60 else line[:57] + "...")
