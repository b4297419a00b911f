"""What a plug-in's results depend on beside its input: parameters, state, code, files it reads.

Whatever is kept of what a plug-in computed is kept under this.
"""

from __future__ import annotations

import os
import pickle
import re
from collections.abc import Iterator
from pathlib import Path
from types import BuiltinFunctionType, FunctionType
from typing import Any
from uuid import uuid4

from robotvision.errors import RobotVisionError
from robotvision.plugins.files import file_digest
from robotvision.plugins.provenance import code_of, is_own

_ADDRESS = re.compile(r" at 0x[0-9a-f]+")
_LONGEST_PATH = 4096


class UnknownCode(RobotVisionError):
    """What a plug-in computes cannot be told from its code and its state."""


def without_address(part: object) -> str:
    """Return an object's repr without its place in memory."""
    return _ADDRESS.sub("", repr(part))


def identity(part: Any, *, is_trained: bool = False) -> list[Any]:
    """Return what a plug-in's results depend on, as plain data.

    Parameters
    ----------
    part : object
        Parts inside it are those that ``inner_extractors()`` and ``inner_classifiers()`` return,
        and whatever its attributes hold.
    is_trained : bool
        It may have learnt something.

    Raises
    ------
    UnknownCode
        Its code or its state cannot be had.
    """
    about: list[Any] = []
    for one in parts_of(part):
        cls, files = type(one), files_read(one)
        words = without_address(one)
        for path in files:  # what is in a file counts, not where it lies
            words = words.replace(repr(str(path)), repr(path.name))
        about += [
            f"{cls.__module__}:{cls.__qualname__}",
            words,
            getattr(one, "version", 1),
            _code(cls),
            [file_digest(path) for path in files],
        ]
        if is_trained or not cls.__module__.startswith("robotvision."):
            about.append(_state(one))
    return about


def identity_or_unique(part: Any) -> list[Any]:
    """Return `identity`; where there is none, what is never the same again.

    For plug-ins not fitted, and results that are kept within one call and looked up by the next.
    """
    try:
        return identity(part)
    except RobotVisionError:  # weights that are missing, too: the run says so in its own words
        return [uuid4().hex]


def parts_of(part: Any) -> Iterator[Any]:
    """Yield a plug-in and those inside it that it builds by name, the plug-in first."""
    yield part
    for name in ("inner_extractors", "inner_classifiers"):
        for inner in getattr(part, name, tuple)():
            yield from parts_of(inner)


def files_read(part: Any) -> list[Path]:
    """Return the files a plug-in reads: those it names, and its parameters that are paths.

    A network in ONNX may keep its weights beside itself, in files whose names begin with its own.
    """
    named = [Path(p) for p in getattr(part, "files_read", tuple)()]
    values = part.get_params(deep=False).values() if hasattr(part, "get_params") else ()
    named += [Path(v) for v in values if isinstance(v, str | os.PathLike) and is_file(v)]
    found = [p for path in named for p in (path, *sorted(path.parent.glob(f"{path.name}[._]*")))]
    return list(dict.fromkeys(found))


def is_file(value: str | os.PathLike[str]) -> bool:
    """Return whether a parameter's value is the path of a file."""
    text = os.fspath(value)
    return 0 < len(text) < _LONGEST_PATH and "\0" not in text and os.path.isfile(text)


def _code(thing: Any) -> str:
    code = code_of(thing)
    if code.why:
        raise UnknownCode(code.why)
    return code.digest


class _Inside(pickle.Pickler):
    """Notes the classes and functions of all objects inside one."""

    def __init__(self) -> None:
        super().__init__(_Nowhere(), protocol=5)
        self.seen: dict[Any, None] = {}

    def persistent_id(self, obj: Any) -> None:
        is_code = isinstance(obj, type | FunctionType | BuiltinFunctionType)
        self.seen[obj if is_code else type(obj)] = None


class _Nowhere:
    def write(self, content: Any) -> int:
        return len(content)


def _state(part: Any) -> list[Any]:
    """Return a digest of an object's attributes, and the code of the objects in them."""
    import joblib

    inside = _Inside()
    try:
        state = part.__getstate__() if hasattr(part, "__getstate__") else vars(part)
        inside.dump(state)
        digest = joblib.hash(state)
    except Exception as e:  # whatever an object's own pickling raises
        what = " ".join(str(e).split())
        raise UnknownCode(f"what it holds has no digest ({type(e).__name__}: {what})") from e
    own = [t for t in inside.seen if is_own(str(getattr(t, "__module__", None) or "builtins"))]
    return [digest, sorted(_code(t) for t in own)]
