"""Run files: the text in which answers are handed in, read by column and written by frame.

The rules for what no source settles are this project's own: a repeated or malformed line, or a
label outside the task, refuses the file, with every fault listed; the order of the lines does not
matter; an empty line at the end, blanks at the end of a line, CRLF ends and a byte-order mark are
taken as they come.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robotvision.errors import Fault, InputFaults, RobotVisionError
from robotvision.records import NO_OBJECTS, Answer
from robotvision.scoring.points import ABSENT, NOT_STATED
from robotvision.submissions.forms import (
    Form,
    ParsedAnswer,
    ParseError,
    form_of,
    is_header,
    other_form,
)
from robotvision.submissions.lines import (
    FaultList,
    TooManyFaults,
    columns_of,
    is_text,
    is_whole,
    line_blocks,
    lines_of,
    repeated,
    whole_numbers,
)
from robotvision.tasks.model import Task
from robotvision.writing import new_file

SAMPLED_LINES = 50
"""By which a file's form is recognised where it is not the task's."""
Key = int | str
"""How a run file names a frame: its number, or its file name."""


@dataclass(frozen=True, slots=True, eq=False)
class RunAnswers:
    """The answers of a run file, by column.

    Parameters
    ----------
    path : Path
        The file.
    labels : tuple[str, ...]
        What the codes stand for: the task's labels, or those of the file where the task's rooms
        are not settled.
    numbers : (n,) int64 or None
        Frame numbers as written (frame index + ``run_file.first_number``); None where the file
        names frames by file name.
    names : tuple[str, ...]
        File names of the frames; empty where they are named by number.
    codes : (n,) int32
        Place of the label, -1 for no answer.
    stated : (n, objects) uint8
        0 stated present, 1 stated absent, 2 not stated.
    lines : (n,) int64
        Line of each answer, from 1.
    aliases : Mapping[str, str]
        The aliases of the task that were read, each with its label.
    """

    path: Path
    labels: tuple[str, ...]
    objects: tuple[str, ...]
    numbers: NDArray[np.int64] | None
    names: tuple[str, ...]
    codes: NDArray[np.int32]
    stated: NDArray[np.uint8]
    lines: NDArray[np.int64]
    aliases: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def unanswered(self) -> int:
        """Lines that give no room."""
        return int((self.codes < 0).sum())

    def key(self, i: int) -> Key:
        """Return how the file names the frame of answer ``i``."""
        return self.names[i] if self.numbers is None else int(self.numbers[i])

    def __iter__(self) -> Iterator[tuple[Key, Answer]]:
        for i, code in enumerate(self.codes.tolist()):
            room = self.labels[code] if code >= 0 else None
            stated = {
                o: bool(s != ABSENT)
                for o, s in zip(self.objects, self.stated[i].tolist(), strict=True)
                if s != NOT_STATED
            }
            yield self.key(i), Answer(room, objects=stated or NO_OBJECTS)


@dataclass(slots=True)
class RunReading:
    """What could be read of a run file: answers where it has no fault, and every fault."""

    faults: FaultList
    n_answers: int
    n_unanswered: int
    answers: RunAnswers | None


def read_run_file(path: Path, task: Task) -> RunAnswers:
    """Return the answers of a run file.

    Raises
    ------
    InputFaults
        The file cannot be read, or is not in the task's form; every fault with its line.
    """
    reading = scan_run_file(path, task)
    if reading.answers is None:
        raise InputFaults(reading.faults.faults)
    return reading.answers


def scan_run_file(path: Path, task: Task, raw: bytes | None = None) -> RunReading:
    """Read a run file, noting every fault; ``raw`` are its bytes, where they are at hand.

    Raises
    ------
    InputFaults
        The file cannot be opened.
    """
    faults = FaultList(path)
    scan = _Scan(form_of(task), faults)
    try:
        for first, block in line_blocks(path, faults, raw):
            scan.take(first, block)
        scan.find_repeated()
    except TooManyFaults:
        pass  # the list says so itself
    except _OtherForm:
        pass  # the fault says which
    if not scan.lines and not faults:
        faults.faults.append(_empty(path, scan.form))
    return scan.reading(path)


def _empty(path: Path, form: Form) -> Fault:
    return Fault(
        path,
        "no answers in it",
        remedy=f"write one line a frame, like {form.show(form.example)}",
        kind="empty",
    )


class _OtherForm(Exception):
    """The whole file is written in another form than the task's."""


class _Tails(dict[str, int]):
    """Tail -> row of the table of meanings, understood on first sight; -1 where it is wrong."""

    def __init__(self, form: Form) -> None:
        super().__init__()
        self.form = form
        self.rows: dict[ParsedAnswer, int] = {}

    def __missing__(self, tail: str) -> int:
        parsed = self.form.meaning(tail)
        if isinstance(parsed, ParseError):
            return -1
        self[tail] = row = self.rows.setdefault(parsed, len(self.rows))
        return row


class _Scan:
    """Reads blocks of lines into columns."""

    def __init__(self, form: Form, faults: FaultList) -> None:
        self.form = form
        self.faults = faults
        self.tails = _Tails(form)
        self.by_name: bool | None = None
        self.numbers: list[NDArray[np.int64]] = []
        self.names: list[str] = []
        self.rows: list[NDArray[np.int32]] = []
        self.lines: list[NDArray[np.int64]] = []

    def take(self, first: int, block: bytes) -> None:
        if self.form.by_name or not self._take_at_once(first, block):
            self._take_lines(first, lines_of(block))

    def _take_at_once(self, first: int, block: bytes) -> bool:
        parsed = columns_of(block, b" ")
        if parsed is None:
            return False
        meanings = np.array([self.tails[tail] for tail in parsed.tails], np.int32)
        if (meanings < 0).any():
            return False
        self.numbers.append(parsed.numbers)
        self.rows.append(meanings[parsed.places])
        self.lines.append(np.arange(len(parsed.numbers)) + first)
        return True

    def _take_lines(self, first: int, lines: list[str]) -> None:
        if first == 1 and is_header(lines[0]):
            text = f"a header line ({lines[0].strip()[:60]!r})"
            self.faults.add(text, 1, "leave it out; each line is an answer", "header")
            first, lines = 2, lines[1:]
        if not lines:
            return
        keys, tails = self.form.split(lines)
        rows = np.fromiter(map(self.tails.__getitem__, tails), np.int32, len(lines))
        if self.by_name is None:
            self.by_name = self.form.by_name and not is_whole(keys[0]) and bool(keys[0])
        if self.by_name:
            known = np.fromiter(map(_is_name, keys), np.bool_, len(keys))
            self.names += [k for k, good in zip(keys, known.tolist(), strict=True) if good]
        else:
            numbers = whole_numbers(keys)
            known = numbers >= 0
            self.numbers.append(numbers[known])
        self.rows.append(rows[known])
        self.lines.append(np.flatnonzero(known) + first)
        wrong = np.flatnonzero(~known | (rows < 0))
        if first <= 2 and len(wrong) > len(lines) / 2:
            self._require_form(lines)
        for i in wrong.tolist():
            self._explain(first + i, lines[i], keys[i], tails[i], is_known=bool(known[i]))

    def _require_form(self, lines: list[str]) -> None:
        """Note the one fault of a file in another form, and stop reading it."""
        sample = [line for line in lines if line.strip()][:SAMPLED_LINES]
        other = other_form(self.form.task, sample)
        if other is not None:
            self.faults.add(
                f"this is form {other.name} ({sample[0][:60]!r}); the task wants {self.form.name}",
                remedy=f"write it like {self.form.show(self.form.example)}",
                kind="form",
            )
            raise _OtherForm

    def _explain(self, line: int, text: str, key: str, tail: str, *, is_known: bool) -> None:
        if not is_known:
            bad = self._explain_key(text, key)
            self.faults.add(bad.message, line, bad.remedy, bad.kind)
            if not key:
                return
        parsed = self.form.meaning(tail)
        if isinstance(parsed, ParseError):
            self.faults.add(parsed.message, line, parsed.remedy, parsed.kind)

    def _explain_key(self, text: str, key: str) -> ParseError:
        if not is_text(text):
            return ParseError(
                f"{text[:60]!r} is not UTF-8 text", "save the file as UTF-8", "encoding"
            )
        if self.by_name and is_whole(key):
            return ParseError(
                f"expected a file name as in the first line, got the number {key!r}",
                "name every frame in the same way",
            )
        if self.form.by_name and key and not self.by_name:
            return ParseError(
                f"expected a frame number as in the first line, got {key[:60]!r}",
                "name every frame in the same way",
            )
        return self.form.explain_key(text)

    def find_repeated(self) -> None:
        """Note each frame that is there twice."""
        if not self.lines:
            return
        lines = np.concatenate(self.lines)
        if self.by_name:
            places = {name: i for i, name in reversed(list(enumerate(self.names)))}
            keys = np.fromiter((places[n] for n in self.names), np.int64, len(self.names))
        else:
            keys = np.concatenate(self.numbers)
        for again, first in repeated(keys):
            name = self.names[again] if self.by_name else int(keys[again])
            self.faults.add(
                f"frame {name} is there twice (first in line {lines[first]})",
                int(lines[again]),
                "answer each frame once",
                "repeated",
            )

    def reading(self, path: Path) -> RunReading:
        rows = np.concatenate(self.rows) if self.rows else np.zeros(0, np.int32)
        parsed = list(self.tails.rows)
        codes = np.array([p.label for p in parsed], np.int32)[rows[rows >= 0]]
        n, n_silent = len(codes), int((codes < 0).sum())
        if self.faults:
            return RunReading(self.faults, n, n_silent, None)
        objects = tuple(self.form.objects) if parsed[0].stated else ()
        stated = np.array([p.stated for p in parsed], np.uint8).reshape(len(parsed), len(objects))[
            rows
        ]
        answers = RunAnswers(
            path=path,
            labels=tuple(self.form.labels),
            objects=objects,
            numbers=None if self.by_name else np.concatenate(self.numbers),
            names=tuple(self.names),
            codes=codes,
            stated=stated,
            lines=np.concatenate(self.lines),
            aliases=self.form.aliases,
        )
        return RunReading(self.faults, n, n_silent, answers)


def _is_name(key: str) -> bool:
    return bool(key) and not is_whole(key) and key.isprintable()


def write_run_file(path: Path, task: Task, answers: Iterable[tuple[Key, Answer]]) -> int:
    """Write answers in the task's form and return the number of lines.

    Parameters
    ----------
    path : Path
        The file; replaced where it is there.
    task : Task
        With its rooms settled.
    answers : iterable of (frame number or file name, Answer)
        The frame with index ``i`` has the number ``i + task.run_file.first_number``.

    Raises
    ------
    RobotVisionError
        A room or an object is none of the task's, the form does not name frames so, or the file
        cannot be written.
    """
    form = form_of(task)
    n = 0
    with new_file(path) as f:
        for key, answer in answers:
            _require_known(key, answer, form)
            f.write(f"{form.line(key, answer)}\n".encode())
            n += 1
    return n


def _require_known(key: Key, answer: Answer, form: Form) -> None:
    if answer.room is not None and answer.room not in form.labels:
        raise RobotVisionError(
            f"frame {key}: the room {answer.room!r} is not one of the task {form.task.id}"
            f"{form.task.room_matcher.hint(answer.room)}"
        )
    for name in answer.objects:
        if form.objects and name not in form.objects:
            raise RobotVisionError(
                f"frame {key}: the object {name!r} is not one of the task {form.task.id}"
                f"{form.task.object_matcher.hint(name)}"
            )
