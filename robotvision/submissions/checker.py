"""Check a run file against its task and, where given, against the frames of the test set.

A fault refuses the file; a warning does not. A missing frame counts as not answered and is a
warning (this project's own rule: no source settles it). A frame the test set does not have is a
fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.errors import Fault, InputFaults, by_kind, near, printable
from robotvision.scoring.points import NOT_STATED
from robotvision.submissions.lines import FaultList, TooManyFaults
from robotvision.submissions.runfile import RunAnswers, scan_run_file
from robotvision.submissions.truthfile import FrameSet
from robotvision.tasks.labels import usual_spellings
from robotvision.tasks.model import Task
from robotvision.tasks.truth_labels import alias_text

NOWHERE = np.zeros(0, np.int64)
"""The positions of a file that is refused."""


@dataclass(frozen=True, slots=True, eq=False)
class CheckResult:
    """What checking a run file gave.

    Parameters
    ----------
    path : Path
        The file.
    n_answers, n_unanswered : int
        Lines without a fault, and those of them that give no room.
    faults : tuple[Fault, ...]
        Why the file is refused; empty where it is not.
    warnings : tuple[str, ...]
        What may be a mistake and refuses nothing.
    answers : RunAnswers or None
        None where the file is refused.
    positions : (n,) int64 or None
        Position of each answer's frame in the test set, where that was given.
    n_missing : int
        Frames of the test set without a line; where the set is not given, numbers left out.
    """

    path: Path
    n_answers: int
    n_unanswered: int
    faults: tuple[Fault, ...]
    warnings: tuple[str, ...] = ()
    answers: RunAnswers | None = None
    positions: NDArray[np.int64] | None = None
    n_missing: int = 0

    @property
    def is_ok(self) -> bool:
        """Whether the file can be scored."""
        return not self.faults

    def lines(self) -> list[str]:
        """Return the result in words: faults by kind, warnings and one line that sums them up."""
        counts = f"{self.n_answers} lines, {self.n_unanswered} without a room"
        verdict = f"ok: {counts}" if self.is_ok else refusal(self.faults)
        return verdict_lines(str(self.path), self.faults, self.warnings, verdict)

    def as_dict(self) -> dict[str, Any]:
        """Return the result as plain data."""
        return {
            "file": str(self.path),
            "ok": self.is_ok,
            "answers": self.n_answers,
            "unanswered": self.n_unanswered,
            "faults": [fault.as_dict() for fault in self.faults],
            "kinds": [group.as_dict() for group in by_kind(self.faults)],
            "warnings": list(self.warnings),
        }


def refusal(faults: Sequence[Fault]) -> str:
    """Return ``refused: 3 faults``."""
    n = len(faults)
    return f"refused: {n} fault{'s' * (n != 1)}"


def verdict_lines(
    name: str, faults: Iterable[Fault], warnings: Iterable[str], verdict: str
) -> list[str]:
    """Return faults by kind, warnings and a line that sums them up, of what is called ``name``."""
    name = printable(name)
    notes = [f"{name}: note: {printable(text)}" for text in warnings]
    return [*map(str, by_kind(faults)), *notes, f"{name}: {verdict}"]


def check_run_file(
    path: Path, task: Task, expected: FrameSet | None = None, raw: bytes | None = None
) -> CheckResult:
    """Return what a run file holds and every fault in it.

    Parameters
    ----------
    path : Path
        The file.
    task : Task
        Where its rooms are not settled, labels are not checked, and a warning says so.
    expected : FrameSet, optional
        The frames of the test set; None: only gaps in the numbers are noticed.
    raw : bytes, optional
        What the file holds, where that is at hand; ``path`` is then its name in messages.

    Raises
    ------
    InputFaults
        The file cannot be opened.
    """
    reading = scan_run_file(path, task, raw)
    n, silent = reading.n_answers, reading.n_unanswered
    answers = reading.answers
    if answers is None:
        return CheckResult(path, n, silent, tuple(reading.faults.faults))
    warnings = list(_oddities(answers, task))
    faults = FaultList(path)
    _require_first_number(answers, task, expected, faults)
    if faults:
        return CheckResult(path, n, silent, tuple(faults.faults), tuple(warnings))
    if expected is None:
        n_missing, names = _gaps(answers, task)
        if n_missing:
            warnings.append(_missing(names, n_missing))
        return CheckResult(path, n, silent, (), tuple(warnings), answers, n_missing=n_missing)
    positions = _positions(answers, task, expected, faults)
    if faults:
        return CheckResult(path, n, silent, tuple(faults.faults), tuple(warnings))
    missing = np.setdiff1d(np.arange(len(expected)), positions)
    if len(missing):
        warnings.append(_missing(_names(missing, answers, task, expected), len(missing)))
    return CheckResult(path, n, silent, (), tuple(warnings), answers, positions, len(missing))


def require_run(path: Path, task: Task, expected: FrameSet) -> CheckResult:
    """Return the check of a run file that can be scored.

    Raises
    ------
    InputFaults
        The file is refused; every fault with its line.
    """
    result = check_run_file(path, task, expected)
    if not result.is_ok:
        raise InputFaults(result.faults)
    return result


def _positions(
    answers: RunAnswers, task: Task, expected: FrameSet, faults: FaultList
) -> NDArray[np.int64]:
    try:
        if answers.numbers is None:
            return _by_name(answers, expected, faults)
        return _by_number(answers.numbers, answers.lines, task, expected, faults)
    except TooManyFaults:
        return NOWHERE


def _by_number(
    numbers: NDArray[np.int64],
    lines: NDArray[np.int64],
    task: Task,
    expected: FrameSet,
    faults: FaultList,
) -> NDArray[np.int64]:
    known = expected.indices + task.run_file.first_number
    if not len(known):
        faults.add(f"{expected.name} has no frames to answer")
        return NOWHERE
    order = np.argsort(known, kind="stable")  # a shuffled release does not rise
    at = np.searchsorted(known, numbers, sorter=order)
    places = order[np.minimum(at, len(known) - 1)]
    for i in np.flatnonzero(known[places] != numbers).tolist():
        faults.add(
            f"frame {numbers[i]} is not in {expected.name}, whose frames are {known.min()} to "
            f"{known.max()}",
            int(lines[i]),
            "is it the run of this test set?",
            "frame",
        )
    return places


def _require_first_number(
    answers: RunAnswers, task: Task, expected: FrameSet | None, faults: FaultList
) -> None:
    """Note the one fault of a file whose numbers are all off by where counting starts."""
    if answers.numbers is None:
        return
    first = task.run_file.first_number
    lowest, highest = int(answers.numbers.min()), int(answers.numbers.max())
    is_above = False
    if expected is not None and len(expected):
        known = expected.indices + first
        is_above = (lowest, highest) == (known.min() + 1, known.max() + 1)
    if lowest >= first and not is_above:
        return
    faults.add(
        f"numbers start at {lowest}; first_number of the task {task.id} is {first}",
        int(answers.lines[int(answers.numbers.argmin())]),
        f"the first frame has number {first}",
        "first-number",
    )


def _by_name(answers: RunAnswers, expected: FrameSet, faults: FaultList) -> NDArray[np.int64]:
    if not expected.names:
        faults.add(
            f"the run names frames by file name, and {expected.name} is known by number only",
            remedy="give the sequence, not its truth.csv alone",
            kind="frame-names",
        )
        return NOWHERE
    known = {name: i for i, name in enumerate(expected.names)}
    places = np.array([known.get(name, -1) for name in answers.names], np.int64)
    for i in np.flatnonzero(places < 0).tolist():
        name = answers.names[i]
        faults.add(
            f"frame {name!r} is not in {expected.name}{near(name, known)}",
            int(answers.lines[i]),
            "is it the run of this test set?",
            "frame",
        )
    return places


def _names(
    positions: NDArray[np.int64], answers: RunAnswers, task: Task, expected: FrameSet
) -> str:
    if answers.numbers is None:
        return _some([expected.names[i] for i in positions[:8].tolist()], len(positions))
    numbers = np.sort(expected.indices[positions]) + task.run_file.first_number
    return ranges(numbers.tolist())


def _missing(names: str, n: int) -> str:
    frames = "1 frame is" if n == 1 else f"{n} frames are"
    return f"{frames} missing and will count as not answered: {names}"


def _gaps(answers: RunAnswers, task: Task) -> tuple[int, str]:
    """Return how many numbers are left out up to the last one, and which."""
    if answers.numbers is None:
        return 0, ""
    numbers = np.sort(answers.numbers)
    first = task.run_file.first_number
    before = np.concatenate([[first - 1], numbers[:-1]])
    gaps = np.flatnonzero(numbers - before > 1)
    spans = [_span(int(before[i]) + 1, int(numbers[i]) - 1) for i in gaps[:8].tolist()]
    return int(numbers[-1]) - first + 1 - len(numbers), _some(spans, len(gaps))


def _oddities(answers: RunAnswers, task: Task) -> Iterable[str]:
    if not task.room_names:
        labels = [answers.labels[c] for c in np.unique(answers.codes).tolist() if c >= 0]
        yield (
            "the task takes its rooms from training, so labels were not checked; the file "
            f"holds {len(labels)}: {_some(labels[:12], len(labels))}"
        )
        if len(usual_spellings(dict.fromkeys(labels, 1))) < len(labels):
            yield "some of these labels differ by nothing but case, blanks, hyphens or underscores"
    if answers.aliases:
        yield alias_text(task, answers.aliases)
    if answers.numbers is not None and bool((np.diff(answers.numbers) < 0).any()):
        line = answers.lines[int(np.flatnonzero(np.diff(answers.numbers) < 0)[0]) + 1]
        yield f"the frame numbers do not rise (line {line}); each line is read by its number"
    if task.objects and bool((answers.stated == NOT_STATED).all()):
        yield "no line states an object"


def ranges(numbers: list[int], limit: int = 8) -> str:
    """Return rising numbers in words: ``3-5, 9``; the first ``limit`` spans and how many more."""
    spans: list[tuple[int, int]] = []
    for n in numbers:
        if spans and n == spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], n)
        else:
            spans.append((n, n))
    return _some([_span(*s) for s in spans[:limit]], len(spans))


def _span(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def _some(shown: list[str], n: int) -> str:
    more = n - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
