"""The file in which labelling is kept: a line for its beginning, then a line for every edit.

::

    {"schema": 1, "sequence": "tour", "digest": "...", "by": "anna", "start": {"n_frames": 342}}
    {"do": "rooms", "at": "2026-05-04T10:02:03Z", "spans": [[0, 12, "Kitchen"]]}
    {"do": "undo", "at": "2026-05-04T10:02:05Z"}

The beginning stands whole or not at all; an edit is on disk before it counts as made. Whoever is
killed loses nothing, and a line that a power cut tore is cut off: what is left is the state after
the last whole line. One process writes it at a time.
"""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import msgspec

from robotvision.data.digest import table_digest
from robotvision.data.sequence import ImageSequence
from robotvision.errors import Fault, InputFaults, RobotVisionError, not_readable, not_writable
from robotvision.labelling.state import EDITS, AnyEdit, LabelStart, LabelState
from robotvision.regular_file import read_regular
from robotvision.writing import write_bytes

SUFFIX = "labels.jsonl"


class LabelHeader(msgspec.Struct, frozen=True, kw_only=True):
    """The first line: whose labels of which sequence, and what they began with.

    ``numbers`` are those of its frames, where they do not simply count from 0.
    """

    schema: int = 1
    sequence: str
    digest: str
    by: str
    start: LabelStart
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class KeptLabels:
    """What a file holds: header, edits, and how many bytes of it are whole lines."""

    header: LabelHeader
    edits: tuple[AnyEdit, ...]
    n_bytes: int

    def state(self) -> LabelState:
        """Return the state after the last edit."""
        return LabelState(self.header.start, self.edits)


_headers = msgspec.json.Decoder(LabelHeader)


def sidecar_path(sequence: ImageSequence) -> Path:
    """Return where labels of a sequence are kept: in its folder, or beside its file."""
    root = sequence.root
    return root / SUFFIX if root.is_dir() else root.with_name(f"{root.name}.{SUFFIX}")


def frames_digest(sequence: ImageSequence) -> str:
    """Return a digest of a sequence's frames; truth and segments, which labelling sets, apart."""
    frames = tuple(replace(f, segment=0) for f in sequence.frames)
    return table_digest(replace(sequence, frames=frames, truth=None))


def read_labels(path: Path) -> KeptLabels | None:
    """Return what a file holds, None where it does not exist or was cut short in its first line.

    Raises
    ------
    InputFaults
        A whole line is none of this format, or makes no sense after those before it.
    """
    try:
        raw = read_regular(path)
    except FileNotFoundError:
        return None
    except OSError as e:
        raise not_readable(path, e) from e
    end = raw.rfind(b"\n") + 1
    lines = raw[:end].splitlines()
    if not lines:
        return None
    number = 1
    try:
        header = _headers.decode(lines[0])
        state = LabelState(header.start)
        edits = []
        for line in lines[1:]:
            number += 1
            edit = EDITS.decode(line)
            state.apply(edit)
            edits.append(edit)
    except (msgspec.DecodeError, RobotVisionError) as e:
        fault = Fault(path, f"not a line of labels ({e})", number, remedy="restore the file")
        raise InputFaults(fault) from e
    if header.schema != 1:
        raise InputFaults(Fault(path, f"expected schema 1, got {header.schema}", 1))
    return KeptLabels(header, tuple(edits), end)


class Sidecar:
    """The open file of one labeller; a context manager.

    Parameters
    ----------
    path : Path
        Where labels are kept; made where there are none yet.
    header : LabelHeader
        What they begin with, where there are none yet.

    Raises
    ------
    RobotVisionError
        It cannot be read or written, another process has it open, or it is of other frames.
    """

    def __init__(self, path: Path, header: LabelHeader) -> None:
        self.path = path
        kept = read_labels(path)
        if kept is None:
            line = msgspec.json.encode(header) + b"\n"
            write_bytes(path, line)
            kept = KeptLabels(header, (), len(line))
        if kept.header.digest != header.digest:
            raise RobotVisionError(
                f"{path}: labels of other frames than those of {header.sequence} as it is now; "
                "give another file with --labels"
            )
        self.header, self.state = kept.header, kept.state()
        self._by = "" if header.by == kept.header.by else header.by
        try:
            self._file: BinaryIO = open(path, "r+b", buffering=0)  # noqa: SIM115
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._file.truncate(kept.n_bytes)
            self._file.seek(kept.n_bytes)
        except BlockingIOError as e:
            self._file.close()
            raise RobotVisionError(
                f"{path}: is being labelled by another process; close that one, or give another "
                "file with --labels"
            ) from e
        except OSError as e:
            raise not_writable(path, e) from e

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, t: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, for another process to have it."""
        self._file.close()

    def apply(self, edit: AnyEdit) -> None:
        """Make an edit: checked, on disk, and then in the state.

        Raises
        ------
        RobotVisionError
            It makes no sense now, or the disk is full: then nothing has changed.
        """
        self.state.check(edit)
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        edit = msgspec.structs.replace(edit, at=now, by=self._by)
        line = msgspec.json.encode(edit) + b"\n"
        at = self._file.tell()
        try:
            n = self._file.write(line)
            if n != len(line):
                raise OSError(28, "no space left on device")
            os.fsync(self._file.fileno())
        except OSError as e:
            self._file.truncate(at)
            self._file.seek(at)
            raise not_writable(self.path, e) from e
        self.state.apply(edit)
