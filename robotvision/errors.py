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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

MAX_SHOWN = 400
"""Of a name or a path, in characters; the longest that Linux takes is ten times as long."""
MAX_MESSAGE = 2000
"""What a library says of a broken file may quote the file."""


def shortened(text: str, n: int = MAX_SHOWN) -> str:
    """Return a text as messages show it: of one longer than ``n`` both ends."""
    return text if len(text) <= n else f"{text[: n // 2]}...{text[-n // 2 :]}"


class RobotVisionError(Exception):
    """Something the user can put right. The message says where, what was expected, what to do."""

    def lines(self) -> list[str]:
        """One line a fault."""
        return str(self).splitlines() or [type(self).__name__]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault in a file: where it is, what was expected, what to do.

    ``line`` and ``column`` count from 1; None where the fault belongs to the whole file.
    """

    path: Path | str
    message: str
    line: int | None = None
    column: int | None = None
    remedy: str = ""

    def __str__(self) -> str:
        place = shortened(str(self.path))
        if self.line is not None:
            place += f":{self.line}"
            if self.column is not None:
                place += f":{self.column}"
        tail = f"; {self.remedy}" if self.remedy else ""
        return f"{place}: {shortened(self.message, MAX_MESSAGE)}{tail}"


class InputFaults(RobotVisionError):
    """Every fault found in what the user gave, all at once."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


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
