"""Model files: a trained recogniser kept in one file that is safe to open.

A zip of ``manifest.json`` and arrays in NumPy's format (``1.npy``, ...), nothing compressed, so
that a file cannot unfold into more than it is. Nothing in it is a program: no pickle, no path, and
only classes of `robotvision.recogniser.model_codec.TRUSTED` are built. A file with anything else is
refused.
"""

from __future__ import annotations

import io
import json
import os
import platform
import re
import tempfile
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from robotvision.errors import Fault, InputFaults, RobotVisionError
from robotvision.recogniser.model_codec import Decoder, Encoder
from robotvision.version import __version__

FORMAT = "robotvision model"
SCHEMA = 1
MANIFEST = "manifest.json"
MAX_BYTES = 8 * 2**30
MAX_MANIFEST = 64 * 2**20
MAX_ENTRIES = 100_000
_ENTRY = re.compile(r"[0-9]{1,9}\.(npy|skops)\Z")
_MTIME = (1980, 1, 1, 0, 0, 0)


def save_model(path: Path, parts: Mapping[str, object], about: Mapping[str, Any]) -> None:
    """Write a model file; the same parts give the same bytes.

    Parameters
    ----------
    path : Path
        Replaced, once the file is whole.
    parts : Mapping[str, object]
        Trained objects by name.
    about : Mapping
        Plain data about it (JSON): ``task`` (its id), ``task_digest``, configuration, digests of
        the training sequences.

    Raises
    ------
    RobotVisionError
        A part holds something that cannot be kept, or the file cannot be written.
    """
    try:
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=f".{path.name}.", delete=False
        ) as f:
            try:
                _write(f, parts, about)
                f.close()
                os.replace(f.name, path)
            except BaseException:
                os.unlink(f.name)
                raise
    except OSError as e:
        raise InputFaults([Fault(path, f"cannot be written ({e.strerror})")]) from e


def _write(f: Any, parts: Mapping[str, object], about: Mapping[str, Any]) -> None:
    with zipfile.ZipFile(f, "w", zipfile.ZIP_STORED) as archive:
        n = 0

        def store(content: bytes, suffix: str) -> str:
            nonlocal n
            n += 1
            name = f"{n}.{suffix}"
            archive.writestr(zipfile.ZipInfo(name, _MTIME), content)
            return name

        def store_array(array: Any) -> str:
            buffer = io.BytesIO()
            np.save(buffer, array, allow_pickle=False)
            return store(buffer.getvalue(), "npy")

        encoder = Encoder(store_array, store)
        manifest = {
            "format": FORMAT,
            "schema": SCHEMA,
            "versions": versions(),
            "about": dict(about),
            "parts": {name: encoder.encode(part, name) for name, part in parts.items()},
        }
        text = json.dumps(manifest, ensure_ascii=False, allow_nan=False, indent=1)
        archive.writestr(zipfile.ZipInfo(MANIFEST, _MTIME), text.encode())


def versions() -> dict[str, str]:
    """Return the versions that what was learnt may depend on."""
    import sklearn

    return {
        "robotvision": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scikit-learn": sklearn.__version__,
    }


def load_model(
    path: Path, *, task: str | None = None, trusted: Sequence[str] = ()
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the parts of a model file and what it says about itself.

    Parameters
    ----------
    path : Path
    task : str or None
        The task it must have been trained for (``about["task"]``); None: any.
    trusted : sequence of str
        Dotted names of classes of your own to build besides ours.

    Raises
    ------
    InputFaults
        It is no model file, cut short, of another schema, release or task, or holds what is not
        trusted: one line.
    """
    try:
        return _load(path, task, trusted)
    except InputFaults:
        raise
    except OSError as e:
        raise InputFaults([Fault(path, f"cannot be read ({e.strerror})")]) from e
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RecursionError) as e:
        raise _refused(path, f"damaged or cut short ({e})", "save or copy it again") from e
    except (KeyError, TypeError, ValueError, AttributeError) as e:
        raise _refused(path, f"its contents do not fit together ({e})", _AGAIN) from e
    except RobotVisionError as e:
        raise _refused(path, f"not loaded: {e}") from e


_AGAIN = "train again with robotvision train"


def _load(
    path: Path, task: str | None, trusted: Sequence[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    with open(path, "rb") as f:
        _check_kind(path, f.read(4096))
        with zipfile.ZipFile(f) as archive:
            _check_entries(path, archive.infolist(), os.fstat(f.fileno()).st_size)
            manifest = json.loads(archive.read(MANIFEST))
            about = _check_manifest(path, manifest, task)
            if any(name.endswith(".skops") for name in archive.namelist()):
                _check_sklearn(path, manifest["versions"])
            decoder = Decoder(
                lambda name: _array(archive.read(name)),
                lambda name: _inner(path, archive.read(name)),
                trusted,
            )
            parts = {str(k): decoder.decode(v) for k, v in manifest["parts"].items()}
    return parts, about


def _check_kind(path: Path, head: bytes) -> None:
    if head[:2] in (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05") or b"data.pkl" in head:
        raise _refused(
            path, "a pickle, which can run any program when it is opened, so it is not", _AGAIN
        )
    if not head:
        raise _refused(path, "the file is empty", _AGAIN)
    if head[:4] != b"PK\x03\x04":
        raise _refused(path, f"not a model file (it begins with {head[:4]!r})", _AGAIN)


def _check_entries(path: Path, entries: Iterable[zipfile.ZipInfo], size: int) -> None:
    """Refuse entries with other names, twice the same, compressed, or larger than the file."""
    seen: set[str] = set()
    total = 0
    for entry in entries:
        name = entry.filename
        if name != MANIFEST and not _ENTRY.match(name):
            raise _refused(path, f"the entry {name!r} does not belong into a model file")
        if name in seen:
            raise _refused(path, f"the entry {name!r} is there twice")
        if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
            raise _refused(path, f"the entry {name!r} is compressed, which a model file never is")
        seen.add(name)
        total += entry.file_size
        if entry.file_size > (MAX_MANIFEST if name == MANIFEST else MAX_BYTES):
            raise _refused(path, f"the entry {name!r} is too large ({entry.file_size} bytes)")
    if total > min(size, MAX_BYTES) or len(seen) > MAX_ENTRIES:
        raise _refused(path, f"its {len(seen)} entries claim {total} bytes of a file of {size}")
    if MANIFEST not in seen:
        raise _refused(path, f"not a model file (a zip without {MANIFEST})", _AGAIN)


def _check_manifest(path: Path, manifest: Any, task: str | None) -> dict[str, Any]:
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise _refused(path, f"not a model file ({MANIFEST} does not say so)", _AGAIN)
    if manifest.get("schema") != SCHEMA:
        raise _refused(
            path, f"expected the schema {SCHEMA}, got {manifest.get('schema')!r}", _AGAIN
        )
    here, there = versions()["robotvision"], str(manifest["versions"]["robotvision"])
    if here.split(".")[:2] != there.split(".")[:2]:
        raise _refused(path, f"saved by robotvision {there}, this is {here}", _AGAIN)
    about = dict(manifest["about"])
    if task is not None and about.get("task") != task:
        raise _refused(
            path,
            f"trained for the task {about.get('task')!r}, expected {task!r}",
            "use that task, or train for this one",
        )
    return about


def _check_sklearn(path: Path, saved: Mapping[str, str]) -> None:
    here, there = versions()["scikit-learn"], str(saved["scikit-learn"])
    if here.split(".")[:2] != there.split(".")[:2]:
        raise _refused(
            path, f"holds a classifier of scikit-learn {there}, installed is {here}", _AGAIN
        )


def _array(content: bytes) -> Any:
    """Read an array in NumPy's format, of exactly the size it says."""
    buffer = io.BytesIO(content)
    version = np.lib.format.read_magic(buffer)
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(version)
    if read is None:
        raise ValueError(f"an array in NumPy's format {version}")
    shape, is_fortran, dtype = read(buffer)
    start = buffer.tell()
    n = 1
    for length in shape:
        n *= length
    if dtype.hasobject or n < 0 or n * dtype.itemsize != len(content) - start:
        raise ValueError(f"an array of {shape} {dtype} in {len(content) - start} bytes")
    array = np.frombuffer(content, dtype, offset=start, count=n).copy()
    return array.reshape(shape, order="F" if is_fortran else "C")


def _inner(path: Path, content: bytes) -> bytes:
    """Check the zip inside that skops wrote as the outer one is checked, then return it."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = archive.infolist()
    stored = all(e.compress_type == zipfile.ZIP_STORED for e in entries)
    if not stored or sum(e.file_size for e in entries) > len(content):
        raise _refused(path, "what scikit-learn's classifier is kept in is compressed")
    return content


def _refused(path: Path, message: str, remedy: str = "") -> InputFaults:
    return InputFaults([Fault(path, message, remedy=remedy)])
