"""The run log: JSON Lines, one line a frame, written and flushed as the answer comes.

The first line describes the run (``type: run``), a line ``type: sequence`` opens each sequence, and
each frame is a line ``type: frame`` of facts: when it was due, taken and answered, what was
answered, what failed, and the truth beside it. Outcomes and points are not in the log: they follow
from it under a policy, and the same log is scored under any. ``type: end`` closes a whole run; a
log without it is a partial run.
"""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

from robotvision.errors import Fault, InputFaults, RobotVisionError
from robotvision.records import NO_OBJECTS, NO_STAGES, Answer, FrameRecord, TimedAnswer, Truth

SCHEMA = 1
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is not a number")


_decode = json.JSONDecoder(parse_constant=_no_number).decode


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

    def frames(self) -> Iterator[FrameRecord]:
        """Yield every frame of every sequence."""
        for sequence in self.sequences:
            yield from sequence.frames


class RunLog:
    """Writes a run log a line at a time, each flushed to the operating system.

    Parameters
    ----------
    path : Path
        The file, made anew unless ``keep_bytes`` is given.
    keep_bytes : int, optional
        Go on with an existing log after its first so many bytes.
    """

    def __init__(self, path: Path, keep_bytes: int | None = None) -> None:
        self.path = path
        try:
            self._file: BinaryIO = open(path, "wb" if keep_bytes is None else "r+b", buffering=0)  # noqa: SIM115
            if keep_bytes is not None:
                self._file.truncate(keep_bytes)
                self._file.seek(keep_bytes)
        except OSError as e:
            raise RobotVisionError(f"{path}: cannot be written ({e.strerror})") from e

    def write(self, kind: str, about: Mapping[str, Any]) -> None:
        """Write a line of the given type."""
        self._line(_encode({"type": kind, **about}))

    def frame(self, record: FrameRecord) -> None:
        """Write one frame."""
        self._line(frame_text(record))

    def _line(self, text: str) -> None:
        raw = text.encode("utf-8", "surrogateescape") + b"\n"
        try:
            written = self._file.write(raw)
            while written < len(raw):
                written += self._file.write(raw[written:])
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
        """Have the system put what was written on disk. Raises RobotVisionError."""
        try:
            os.fsync(self._file.fileno())
        except OSError as e:
            raise self._full(e) from e

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_log(path: Path) -> RunRecord:
    """Read a run log, or the one in a run folder; a last line cut short is left out and said.

    Raises
    ------
    InputFaults
        Not a run log, another schema, or a broken line before the last.
    """
    path = path / "run.jsonl" if path.is_dir() else path
    was_collecting = gc.isenabled()
    gc.disable()  # a log is a great many small objects and no cycles: collecting finds nothing
    try:
        with open(path, "rb") as f:
            return _Reader(path).read(f)
    except OSError as e:
        raise InputFaults(
            [
                Fault(
                    path,
                    f"cannot be read ({e.strerror})",
                    remedy="give a run folder or its run.jsonl",
                )
            ]
        ) from e
    finally:
        if was_collecting:
            gc.enable()


class _Reader:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.run: RunRecord | None = None

    def read(self, lines: BinaryIO) -> RunRecord:
        number = 0
        for number, raw in enumerate(lines, 1):
            if not raw.endswith(b"\n"):
                self._require(number).warnings.append(
                    f"{self.path}:{number}: the last line is cut short; read up to line "
                    f"{number - 1}"
                )
                break
            self._take(number, raw)
        return self._require(number or 1)

    def _require(self, number: int) -> RunRecord:
        if self.run is None:
            raise self._fault(number, "expected a run log, whose first line has type 'run'")
        return self.run

    def _fault(self, number: int, message: str) -> InputFaults:
        return InputFaults(
            [Fault(self.path, message, number, remedy="give the run.jsonl of a run folder")]
        )

    def _take(self, number: int, raw: bytes) -> None:
        try:
            line = _decode(raw.decode())
            kind = line["type"]
        except (ValueError, KeyError, TypeError, RecursionError) as e:
            raise self._fault(number, f"not a line of a run log ({e})") from e
        if self.run is None:
            if kind != "run":
                raise self._fault(number, "expected a run log, whose first line has type 'run'")
            if line.get("schema") != SCHEMA:
                raise self._fault(
                    number,
                    f"expected schema {SCHEMA}, got {line.get('schema')!r}: another "
                    "version of robotvision wrote this log",
                )
            self.run = RunRecord(self.path, line)
        else:
            try:
                self._take_line(self.run, kind, line)
            except (KeyError, TypeError, ValueError, AttributeError) as e:
                raise self._fault(number, f"a {kind!r} line without a good {e}") from e
        self.run.valid_bytes += len(raw)

    def _take_line(self, run: RunRecord, kind: str, line: dict[str, Any]) -> None:
        if kind == "frame":
            if not run.sequences:
                raise ValueError("sequence before it")
            run.sequences[-1].frames.append(frame_record(line))
        elif kind == "sequence":
            int(line["frames"])
            run.sequences.append(SequenceRecord(line, offset=run.valid_bytes))
        elif kind == "end":
            run.finished, run.end = True, line


def frame_text(record: FrameRecord) -> str:
    """Return a frame as the JSON of its line; spelt out, since it is written between two frames."""
    timed, answer, truth = record.timed, record.timed.answer, record.truth
    started, finished = timed.started_ns, timed.finished_ns
    text = (
        f'{{"type":"frame","index":{timed.index},"timestamp_ns":{record.timestamp_ns}'
        f',"segment":{record.segment},"due_ns":{timed.due_ns}'
        f',"started_ns":{"null" if started is None else started}'
        f',"finished_ns":{"null" if finished is None else finished}'
    )
    if answer is not None:
        confidence = answer.confidence
        said = "null" if confidence is None else _encode(float(confidence))
        text += f',"room":{_word(answer.room)},"confidence":{said}'
        if answer.objects:
            text += f',"objects":{_encode(dict(answer.objects))}'
    if timed.stages_ns:
        stages = ",".join([f"{_word(name)}:{int(v)}" for name, v in timed.stages_ns.items()])
        text += f',"stages_ns":{{{stages}}}'
    if record.decode_ns is not None:
        text += f',"decode_ns":{record.decode_ns}'
    if record.decoded_ns is not None:
        text += f',"decoded_ns":{record.decoded_ns}'
    if record.wait_ns is not None:
        handed = "null" if record.handover_ns is None else record.handover_ns
        text += f',"wait_ns":{record.wait_ns},"handover_ns":{handed}'
    if timed.fault is not None:
        text += f',"fault":{_encode(timed.fault)}'
    if truth is not None:
        text += f',"truth":{_word(truth.room)}'
        if truth.objects:
            text += f',"truth_objects":{_encode(sorted(truth.objects))}'
    return text + "}"


@lru_cache(4096)
def _word(text: str | None) -> str:
    """Return a room or a stage as JSON; there are few of them, and they come again and again."""
    return _encode(text)


def frame_record(line: Mapping[str, Any]) -> FrameRecord:
    """Return a frame line as a record."""
    answer = None
    if "room" in line:
        confidence = line.get("confidence")
        answer = Answer(
            None if line["room"] is None else str(line["room"]),
            None if confidence is None else float(confidence),
            line.get("objects") or NO_OBJECTS,
        )
    truth = None
    if line.get("truth") is not None:
        truth = Truth(str(line["truth"]), frozenset(line.get("truth_objects", ())))
    stages = line.get("stages_ns")
    timed = TimedAnswer(
        index=int(line["index"]),
        answer=answer,
        due_ns=int(line["due_ns"]),
        started_ns=_whole(line["started_ns"]),
        finished_ns=_whole(line["finished_ns"]),
        stages_ns={k: int(v) for k, v in stages.items()} if stages else NO_STAGES,
        fault=line.get("fault"),
    )
    own = [_whole(line.get(k)) for k in ("decode_ns", "decoded_ns", "wait_ns", "handover_ns")]
    return FrameRecord(int(line["timestamp_ns"]), int(line["segment"]), timed, truth, *own)


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)
