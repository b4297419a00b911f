"""The key of a release: which frame of which sequence each released frame is.

An organiser keeps it. With it a run file over released frames is scored against the truth of the
sequences they were taken from.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from robotvision.errors import Fault, InputFaults, RobotVisionError, not_writable
from robotvision.regular_file import read_regular

SCHEMA = 1
KIND = "release-key"
TEST = "test"
"""The part that is left where validation is taken out, and the whole where nothing is."""


class ReleasedSequence(msgspec.Struct, frozen=True):
    """One released folder and where its frames come from.

    Parameters
    ----------
    folder : str
        Its name below the release: ``test1``.
    part : str
        The part of the split that it belongs to: ``test``, ``validation``.
    source : str
        Name of the sequence it was made from.
    indices : tuple of int
        By released number, from 0: the index of the frame in the source.
    """

    folder: str
    part: str
    source: str
    indices: tuple[int, ...]


class ReleaseKey(msgspec.Struct, frozen=True):
    """Every released sequence of a release.

    Parameters
    ----------
    order : str
        ``keep`` or ``shuffle``.
    sequences : tuple of ReleasedSequence
        In the order of their folders.
    """

    order: str
    sequences: tuple[ReleasedSequence, ...]
    schema: int
    kind: str

    def of(self, source: str, part: str) -> ReleasedSequence | None:
        """Return what was made of a source for a part of the split, or None."""
        matches = (s for s in self.sequences if (s.source, s.part) == (source, part))
        return next(matches, None)

    @property
    def parts(self) -> list[str]:
        """The parts of the split, in order."""
        return list(dict.fromkeys(s.part for s in self.sequences))


def write_key(path: Path, key: ReleaseKey) -> None:
    """Write a key, readable by its owner alone; an existing file is never replaced.

    Raises
    ------
    RobotVisionError
        The file exists, or cannot be written.
    """
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as f:
            f.write(msgspec.json.encode(key) + b"\n")
            f.flush()
            os.fsync(f.fileno())
    except FileExistsError as e:
        raise RobotVisionError(
            f"{path}: exists already, and a key that is lost cannot be made again; name another"
        ) from e
    except OSError as e:
        raise not_writable(path, e) from e


def read_key(path: Path) -> ReleaseKey:
    """Read a key.

    Raises
    ------
    InputFaults
        It cannot be read, or is not the key of a release.
    """
    try:
        key = msgspec.json.decode(read_regular(path), type=ReleaseKey)
        if (key.kind, key.schema) != (KIND, SCHEMA):
            raise ValueError(f"expected {KIND} of schema {SCHEMA}, got {key.kind} {key.schema}")
        return key
    except OSError as e:
        message = f"cannot be read ({e.strerror})"
    except (ValueError, RecursionError) as e:
        message = f"not the key of a release ({e})"
    remedy = "give the file that robotvision data release wrote to --key"
    raise InputFaults(Fault(path, message, remedy=remedy))
