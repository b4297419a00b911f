"""What can go wrong, as a tree.

::

    RobotVisionError            anything the user can put right; the command line prints it, exit 2
    ├── InputFaults             one or more faults in files the user gave, each with its place
    │   └── UntrustedError      a model file with classes that nobody said to trust
    ├── UnknownNameError        a name that nothing is registered under
    ├── MissingExtraError       an optional dependency is not installed
    ├── FrameError              one frame of a sequence cannot be read: a FAILED frame, not a stop
    └── SystemFault             the system under test failed on a frame

Anything else that escapes is our own bug and shows its traceback.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

MAX_SHOWN = 400
"""Of a name or a path, in characters; the longest that Linux takes is ten times as long."""
MAX_MESSAGE = 2000
"""What a library says of a broken file may quote the file."""
MAX_ALIKE = 3
"""Faults of one kind that say more different things than this are shown by the most frequent."""


def shortened(text: str, n: int = MAX_SHOWN) -> str:
    """Return a text as messages show it: of one longer than ``n`` both ends."""
    return text if len(text) <= n else f"{text[: n // 2]}...{text[-n // 2 :]}"


def printable(text: str) -> str:
    """Return a text with every sign that cannot be printed as its escape, on one line."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


class RobotVisionError(Exception):
    """Something the user can put right. The message says where, what was expected, what to do."""

    def lines(self) -> list[str]:
        """One line a fault."""
        return str(self).splitlines() or [type(self).__name__]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault in a file: where it is, what was expected, what to do.

    ``line`` and ``column`` count from 1; None where the fault belongs to the whole file. ``kind``
    is a short code that all faults of one cause share; empty: those that say the same are alike.
    """

    path: Path | str
    message: str
    line: int | None = None
    column: int | None = None
    remedy: str = ""
    kind: str = ""

    def __str__(self) -> str:
        place = shortened(str(self.path))
        if self.line is not None:
            place += f":{self.line}"
            if self.column is not None:
                place += f":{self.column}"
        return printable(f"{place}: {self.text}")

    @property
    def text(self) -> str:
        """Message and remedy, without the place."""
        tail = f"; {self.remedy}" if self.remedy else ""
        return f"{shortened(self.message, MAX_MESSAGE)}{tail}"

    def as_dict(self) -> dict[str, str | int | None]:
        """Return the fault as plain data; its file is known from where it stands."""
        return {
            "line": self.line,
            "message": self.message,
            "remedy": self.remedy,
            "kind": self.kind,
        }


@dataclass(frozen=True, slots=True)
class FaultGroup:
    """Faults of one kind in one file.

    Parameters
    ----------
    first : Fault
        The first of those that say what most of them say.
    count : int
    n_others : int
        How many different things the others say.
    """

    first: Fault
    count: int
    n_others: int = 0

    def __str__(self) -> str:
        if self.count == 1:
            return str(self.first)
        lines = "faults" if self.first.line is None else f"lines, the first {self.first.line}"
        others = f" (and {self.n_others} others like it)" if self.n_others else ""
        place = shortened(str(self.first.path))
        return printable(f"{place}: {self.count} {lines}: {self.first.text}{others}")

    def as_dict(self) -> dict[str, str | int | None]:
        """Return the group as plain data: the first fault, and ``count``."""
        return {**self.first.as_dict(), "count": self.count, "others": self.n_others}


def by_place(faults: Iterable[Fault]) -> list[Fault]:
    """Return faults of a file in the order of their lines and columns."""
    return sorted(faults, key=lambda f: (f.line or 0, f.column or 0))


def in_file(faults: Iterable[Fault | FaultGroup]) -> list[dict[str, str | int | None]]:
    """Return faults, or groups of them, as plain data with the file of each."""
    return [
        {"file": str((f.first if isinstance(f, FaultGroup) else f).path), **f.as_dict()}
        for f in faults
    ]


def by_kind(faults: Iterable[Fault]) -> list[FaultGroup]:
    """Return faults by file and kind, in order of the first of each.

    Of one kind, those that say the same are a group; where they say more than `MAX_ALIKE` different
    things, all are one.
    """
    kinds: dict[tuple[str, str], list[Fault]] = {}
    for fault in faults:
        kinds.setdefault((str(fault.path), fault.kind or f" {fault.text}"), []).append(fault)
    groups: list[FaultGroup] = []
    for alike in kinds.values():
        counts = Counter(fault.text for fault in alike)
        first = {fault.text: fault for fault in reversed(alike)}
        if len(counts) > MAX_ALIKE:
            text, _ = counts.most_common(1)[0]
            groups.append(FaultGroup(first[text], len(alike), len(counts) - 1))
        else:
            groups += [FaultGroup(first[text], n) for text, n in counts.items()]
    return groups


class InputFaults(RobotVisionError):
    """Every fault found in what the user gave, all at once: one, or several."""

    def __init__(self, faults: Fault | Iterable[Fault]) -> None:
        self.faults = (faults,) if isinstance(faults, Fault) else tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))

    def lines(self) -> list[str]:
        """One line a kind of fault in a file, with how many there are."""
        return list(map(str, by_kind(self.faults)))


def raise_faults(faults: Iterable[Fault]) -> None:
    """Raise InputFaults where there is any fault."""
    if found := tuple(faults):
        raise InputFaults(found)


def not_readable(path: Path, e: OSError, remedy: str = "", kind: str = "") -> InputFaults:
    """Return the error for a file of the user's that the operating system does not give."""
    return InputFaults(Fault(path, f"cannot be read ({e.strerror})", remedy=remedy, kind=kind))


def not_writable(path: Path, e: OSError) -> RobotVisionError:
    """Return the error for a file or folder that the operating system does not take."""
    return RobotVisionError(f"{path}: cannot be written ({e.strerror or e})")


class UntrustedError(InputFaults):
    """A model file holds classes of somebody's own that nobody said to trust.

    Parameters
    ----------
    path : Path
        The model file.
    names : sequence of str
        Their dotted names.
    origins : Mapping[str, str]
        Where a class came from when the model was saved, by name.
    """

    def __init__(self, path: Path, names: Sequence[str], origins: Mapping[str, str]) -> None:
        self.path, self.names, self.origins = path, tuple(names), origins
        listed = ", ".join(names)
        super().__init__(
            [self.fault(f"trust: [{listed}] in a configuration, trust=[...] in Python")]
        )

    def fault(self, how: str) -> Fault:
        """Return the fault; ``how`` says what to write or to type."""
        shown = [
            f"{name} (of {self.origins[name]})" if name in self.origins else name
            for name in self.names
        ]
        verb = "which is" if len(self.names) == 1 else "which are"
        return Fault(
            self.path,
            f"not loaded: it holds {', '.join(shown)}, {verb} not trusted",
            remedy=f"opening it runs that code; if you trust it: {how}",
        )


class UnknownNameError(RobotVisionError):
    """A name that nothing is registered under."""

    def __init__(self, kind: str, name: str, known: Sequence[str]) -> None:
        self.kind, self.name, self.known = kind, name, tuple(known)
        listed = ", ".join(known) or "none"
        super().__init__(
            f"{kind} {shortened(name)!r} is not known{near(name, known)}; known: {listed}"
        )


class MissingExtraError(RobotVisionError):
    """An optional dependency is not installed; the message says how to install it."""


class FrameError(RobotVisionError):
    """One frame of a sequence cannot be read."""


class SystemFault(RobotVisionError):
    """The system under test failed on a frame; the run goes on at the next one."""


def repeated(names: Iterable[str]) -> list[str]:
    """Return the names that are there more than once, sorted."""
    return sorted(name for name, n in Counter(names).items() if n > 1)


def near(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` where a known name is close to ``name``, else ``""``."""
    lowered = {k.lower(): k for k in reversed(list(known))}
    match = difflib.get_close_matches(name.lower(), list(lowered), n=1, cutoff=0.6)
    return f"; did you mean {lowered[match[0]]!r}?" if match else ""


def wrong_type(name: str, expected: str, got: object) -> RobotVisionError:
    """Return the error for an argument of a wrong type."""
    shown = repr(got)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return RobotVisionError(f"{name}: expected {expected}, got {shown} ({type(got).__name__})")
