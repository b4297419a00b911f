"""The run log: JSON Lines, one line a frame, handed to the operating system as the answer comes.

The first line describes the run (``type: run``), a line ``type: sequence`` opens each sequence, and
each frame is a line ``type: frame`` of facts: when it was due, taken and answered, what was
answered, what failed, and the truth beside it. Outcomes and points are not in the log: they follow
from it under a policy, and the same log is scored under any. ``type: end`` closes a whole run; a
log without it is a partial run.

Lines are encoded and decoded by msgspec. Text that is not valid Unicode (a lone surrogate: a file
name in another encoding) msgspec refuses; such a line goes through `json`, as ASCII escapes.
"""

from __future__ import annotations

import fcntl
import gc
import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Literal, NoReturn

import msgspec
import numpy as np

from robotvision.errors import Fault, InputFaults, RobotVisionError, not_writable
from robotvision.records import FrameRecord, Notice
from robotvision.regular_file import open_regular
from robotvision.scoring.policy import Backlog, Late

SCHEMA = 1
MAX_DIGITS = 40
"""Of a whole number in a log; the seed and every time in nanoseconds have at most 20."""


class PolicyLine(msgspec.Struct, frozen=True):
    """The late-frame policy of a run, as its first line holds it."""

    name: str
    backlog: Backlog
    late: Late
    deadline_ms: float | Literal["next-frame"] | None = None


class RunLine(msgspec.Struct, frozen=True, tag_field="type", tag="run"):
    """The keys of the first line that its readers rely on, with their types."""

    schema: int
    task: dict[str, Any] = {}
    mode: str = ""
    clock: str = ""
    policy: PolicyLine | None = None
    system: dict[str, Any] = {}
    environment: dict[str, Any] = {}
    config: dict[str, Any] = {}
    limit: int | None = None
    notes: list[str] = []
    warnings: list[dict[str, Any]] = []


class SequenceLine(msgspec.Struct, frozen=True, tag_field="type", tag="sequence"):
    """The keys of a sequence's line that its readers rely on, with their types."""

    frames: int
    set: str = "test"
    name: str = ""
    path: str = ""
    reader: str | None = None
    rate_hz: float | None = None
    digest: str | None = None


class EndLine(msgspec.Struct, frozen=True, tag_field="type", tag="end"):
    """The last line of a whole run."""

    frames: int = 0
    warnings: list[dict[str, Any]] = []


Line = FrameRecord | SequenceLine | EndLine
REMEDY = "give the run.jsonl of a run folder"
KINDS = ("frame", "sequence", "end")


def _plain(value: Any) -> Any:
    """Return the plain value that JSON has for a NumPy scalar or a read-only mapping."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no place in a run log: {value!r}")


def _without_nan(value: Any) -> Any:
    """Return plain data with None for each number that is none, as msgspec writes it."""
    if isinstance(value, dict):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


_encoder = msgspec.json.Encoder(enc_hook=_plain)
_decode: Any = msgspec.json.Decoder(Line).decode


class LineFacts(dict[str, Any]):
    """A line of a log by key; where a reader needs a key that is not there, InputFaults says so."""

    def __init__(self, line: Mapping[str, Any], path: Path, number: int) -> None:
        super().__init__(line)
        self.path, self.number = path, number

    def __missing__(self, key: str) -> NoReturn:
        message = f"a {self.get('type')!r} line without {key!r}"
        raise InputFaults(Fault(self.path, message, self.number, remedy=REMEDY))


@dataclass(slots=True)
class SequenceRecord:
    """One replayed sequence: its header line and its frames in order.

    ``about`` holds ``name, set, path, reader, frames, first, rate_hz, channels, has_truth,
    digest``; ``offset`` is where its header line begins, in bytes.
    """

    about: dict[str, Any]
    frames: list[FrameRecord] = field(default_factory=list)
    offset: int = 0

    @property
    def set(self) -> str:
        """The test set the sequence belongs to."""
        return str(self.about.get("set", "test"))

    @property
    def is_whole(self) -> bool:
        """Whether every frame of the sequence is in the log."""
        return len(self.frames) >= int(self.about["frames"])


@dataclass(slots=True)
class RunRecord:
    """A run log as read: the header line, the sequences, whether it was finished.

    ``warnings`` says what could not be read (a last line cut short).
    """

    path: Path
    about: dict[str, Any]
    sequences: list[SequenceRecord] = field(default_factory=list)
    finished: bool = False
    end: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    valid_bytes: int = 0

    def notices(self) -> list[dict[str, Any]]:
        """Return what readers of the run's numbers must know, as entries of ``warnings``.

        In the log's first line it stands under ``warnings`` (before version 0.2 as lines under
        ``notes``), in the last what was seen while the run went on.
        """
        texts = [("note", text) for text in self.about.get("notes", ())]
        texts_of_log = [("log", text) for text in self.warnings]
        return [
            *(Notice(code, text).as_dict() for code, text in texts),
            *self.about.get("warnings", ()),
            *self.end.get("warnings", ()),
            *(Notice(code, text).as_dict() for code, text in texts_of_log),
        ]

    def frames(self) -> Iterator[FrameRecord]:
        """Yield every frame of every sequence."""
        for sequence in self.sequences:
            yield from sequence.frames


class RunLog:
    """Write a run log a line at a time, each handed to the operating system at once.

    The file is locked while it is open: two runs never write one log.

    Parameters
    ----------
    path : Path
        The file; what a run killed before its header left there is overwritten.
    keep_bytes : int, optional
        Continue an existing log after its first so many bytes.

    Raises
    ------
    RobotVisionError
        The file cannot be written, another run is writing it, or (without ``keep_bytes``) it holds
        a run already.
    """

    def __init__(self, path: Path, keep_bytes: int | None = None) -> None:
        self.path = path
        self._line = bytearray()  # reused: a frame's line costs no new memory
        try:
            flags = os.O_RDWR | (os.O_CREAT if keep_bytes is None else 0)
            self._file: BinaryIO = open(os.open(path, flags, 0o666), "r+b", buffering=0)  # noqa: SIM115
        except OSError as e:
            raise not_writable(path, e) from e
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if keep_bytes is None and self._file.readline().endswith(b"\n"):
                self._file.close()
                raise holds_a_run(path.parent)
            if os.fstat(self._file.fileno()).st_size:
                self.cut(keep_bytes or 0)
        except BlockingIOError as e:
            self._file.close()
            raise RobotVisionError(
                f"{path}: another run is being written there; wait for its end, or give another "
                "--out"
            ) from e
        except OSError as e:  # a file system without locks, or one that is full
            self._file.close()
            raise not_writable(path, e) from e

    def write(self, kind: str, about: Mapping[str, Any]) -> None:
        """Write a line of the given type; a number that is none (NaN) becomes null."""
        self._write({"type": kind, **about})

    def frame(self, record: FrameRecord) -> None:
        """Write one frame. Raises ValueError for a confidence that is no number."""
        confidence = record.confidence
        if type(confidence) is float and not math.isfinite(confidence):
            raise ValueError(f"frame {record.index}: confidence {confidence} is not a number")
        self._write(record)

    def _write(self, line: Any) -> None:
        buffer = self._line
        try:
            _encoder.encode_into(line, buffer)
        except UnicodeEncodeError:  # a lone surrogate
            plain = _without_nan(msgspec.to_builtins(line, enc_hook=_plain))
            buffer[:] = json.dumps(plain, separators=(",", ":")).encode()
        buffer += b"\n"
        try:
            written = self._file.write(buffer)
            while written < len(buffer):
                written += self._file.write(buffer[written:])
        except OSError as e:
            raise self._full(e) from e

    def _full(self, e: OSError) -> RobotVisionError:
        return RobotVisionError(
            f"{self.path}: cannot be written ({e.strerror}); the answers before are kept: make "
            f"room, then go on with robotvision run --resume {self.path.parent}"
        )

    def cut(self, offset: int) -> None:
        """Drop everything after the first ``offset`` bytes."""
        self._file.truncate(offset)
        self._file.seek(offset)

    def sync(self) -> None:
        """Have the operating system put what was written on disk. Raises RobotVisionError."""
        try:
            os.fsync(self._file.fileno())
        except OSError as e:
            raise self._full(e) from e

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def has_header(path: Path) -> bool:
    """Return whether a log holds its header; one that was killed before it is as good as none.

    Raises
    ------
    RobotVisionError
        There is a file, and it cannot be read.
    """
    try:
        with open(path, "rb") as f:
            return f.readline().endswith(b"\n")
    except FileNotFoundError:
        return False
    except OSError as e:
        raise RobotVisionError(f"{path}: cannot be read ({e.strerror})") from e


def holds_a_run(folder: Path) -> RobotVisionError:
    """Return the error of a new run in the folder of another."""
    return RobotVisionError(
        f"{folder}: it holds a run already; give another --out, or go on with it by "
        f"robotvision run --resume {folder}"
    )


def read_log(path: Path) -> RunRecord:
    """Read a run log, or the one in a run folder; report and leave out a last line cut short.

    Raises
    ------
    InputFaults
        Not a run log, another schema, or a broken line before the last.
    """
    path = path / "run.jsonl" if path.is_dir() else path
    was_collecting = gc.isenabled()
    gc.disable()  # a log is a great many small objects and no cycles: collecting frees nothing
    try:
        with open_regular(path) as lines:
            return _Reader(path).read(lines)
    except OSError as e:
        message = f"cannot be read ({e.strerror})"
        raise InputFaults(Fault(path, message, remedy="give a run folder or its run.jsonl")) from e
    finally:
        if was_collecting:
            gc.enable()


class _Reader:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.number = 0
        """Of the line at hand, from 1."""

    def read(self, lines: BinaryIO) -> RunRecord:
        first = next(lines, b"")
        self.number = 1
        if not first.endswith(b"\n"):
            raise self._fault("expected a run log, whose first line has type 'run'")
        run = self._header(first)
        size = len(first)
        append: Any = self._refuse_frame
        for self.number, raw in enumerate(lines, 2):
            if raw[-1] != 10:  # no line feed: the writer was killed within this line
                run.warnings.append(
                    f"{self.path}:{self.number}: the last line is cut short; read up to line "
                    f"{self.number - 1}"
                )
                break
            try:
                line = _decode(raw)
            except (ValueError, RecursionError):
                line = self._other_line(raw)
            if line.__class__ is FrameRecord:
                append(line)
            elif line.__class__ is SequenceLine:
                facts = LineFacts(_plain_line(raw), self.path, self.number)
                sequence = SequenceRecord(facts, offset=size)
                run.sequences.append(sequence)
                append = sequence.frames.append
            elif line.__class__ is EndLine:
                run.finished, run.end = True, _plain_line(raw)
            size += len(raw)
        run.valid_bytes = size
        return run

    def _fault(self, message: str) -> InputFaults:
        return InputFaults(Fault(self.path, message, self.number, remedy=REMEDY))

    def _refuse_frame(self, record: FrameRecord) -> NoReturn:
        raise self._fault("a 'frame' line without a 'sequence' line before it")

    def _header(self, raw: bytes) -> RunRecord:
        about = self._parse(raw)
        if about["type"] != "run":
            raise self._fault("expected a run log, whose first line has type 'run'")
        if about.get("schema") != SCHEMA:
            raise self._fault(
                f"expected schema {SCHEMA}, got {about.get('schema')!r}: another version of "
                "robotvision wrote this log"
            )
        self._convert(about, RunLine)
        return RunRecord(self.path, LineFacts(about, self.path, self.number))

    def _parse(self, raw: bytes) -> dict[str, Any]:
        """Return a line with a type as plain JSON. Raises InputFaults."""
        try:
            line = _plain_line(raw)
            if not isinstance(line["type"], str):
                raise TypeError(f"type {line['type']!r}")
        except (ValueError, KeyError, TypeError, RecursionError) as e:
            raise self._fault(f"not a line of a run log ({e})") from e
        return line

    def _convert(self, line: dict[str, Any], kind: Any) -> Any:
        ours = {key: value for key, value in line.items() if key.isascii()}  # as every known key
        try:
            return msgspec.convert(ours, kind)
        except ValueError as e:
            raise self._fault(f"a {line['type']!r} line that cannot be used: {e}") from e

    def _other_line(self, raw: bytes) -> Line | None:
        """Return a line that msgspec refused: with lone surrogates; None for an unknown type."""
        line = self._parse(raw)
        return self._convert(line, Line) if line["type"] in KINDS else None


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not a number")


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _refuse_constant(text)


def _short(text: str) -> int:
    return int(text) if len(text) <= MAX_DIGITS else _refuse_constant(f"{text[:MAX_DIGITS]}...")


def _plain_line(raw: bytes) -> dict[str, Any]:
    """Return a line as plain JSON; bytes that are no UTF-8, as 0.1.0 wrote them, as surrogates."""
    text = raw.decode("utf-8", "surrogateescape")
    line: dict[str, Any] = json.loads(
        text, parse_constant=_refuse_constant, parse_float=_finite, parse_int=_short
    )
    return line
