"""Model files: a trained recogniser in one file that is safe to open.

A zip of ``manifest.json`` and of what `skops.io` writes: ``schema.json``, which describes objects
by their classes and states, arrays in NumPy's format (``1.npy``, ...) and what libraries outside
scikit-learn keep as bytes (``2.bin``). Nothing is compressed, so that a file cannot unfold into
more than it is. Nothing in it is a program: no pickle, no path, and only classes of `TRUSTED`
modules, those of `SKLEARN_TRUSTED`, what skops itself trusts (scikit-learn's estimators, NumPy's
types) and those the caller names are built. A file with anything else is refused. The manifest says
where other classes came from (``own``): for messages alone, nothing is read from there.
"""

from __future__ import annotations

import importlib
import io
import json
import math
import os
import platform
import re
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from robotvision.errors import Fault, InputFaults, RobotVisionError, UntrustedError, not_readable
from robotvision.plugins.modules import is_standard
from robotvision.plugins.plugin_path import import_own, search_also
from robotvision.plugins.provenance import code_of_module
from robotvision.plugins.registry import with_place
from robotvision.regular_file import open_regular
from robotvision.version import __version__
from robotvision.writing import new_file

T = TypeVar("T")

FORMAT = "robotvision model"
SCHEMA = 2
MANIFEST = "manifest.json"
OBJECTS = "schema.json"
MAX_BYTES = 8 * 2**30
MAX_JSON = 64 * 2**20
MAX_ENTRIES = 100_000

TRUSTED = (
    "robotvision.classifiers.",
    "robotvision.features.",
    "robotvision.recogniser.decision",
    "robotvision.recogniser.objects",
    "robotvision.recogniser.pipeline",
    "robotvision.scoring.points",
    "robotvision.tasks.model",
    "robotvision.temporal.",
    "robotvision.recogniser.unknown",
    "robotvision.recogniser.unknown_zone",
)
"""Modules whose classes a model file may name; those ending in a dot are packages."""

SKLEARN_TRUSTED = (
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.metrics._dist_metrics.MinkowskiDistance64",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.tree._tree.Tree",
    "builtins.bytearray",
    "builtins.frozenset",
    "collections.OrderedDict",
)
"""Types inside scikit-learn's classifiers, and Python's containers, that skops leaves to us."""

_ENTRY = re.compile(r"[0-9]{1,9}\.(npy|bin)\Z")
_BYTES = "BytearrayNode"
"""What skops calls a node that is kept as it is in a file of its own."""
_MTIME = (1980, 1, 1, 0, 0, 0)
_AGAIN = "train again with robotvision train CONFIG -o MODEL"
_ARRAY_LIBRARIES = ("cupy", "dask", "torch")


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
    with new_file(path) as f:
        _write(f, parts, about)


def _write(f: Any, parts: Mapping[str, object], about: Mapping[str, Any]) -> None:
    content = _dump(dict(parts))
    with (
        zipfile.ZipFile(io.BytesIO(content)) as dumped,
        zipfile.ZipFile(f, "w", zipfile.ZIP_STORED) as archive,
    ):
        schema = json.loads(dumped.read(OBJECTS))
        n = 0
        for node in _nodes(schema):
            node.pop("__id__", None)  # an address in memory, other in every process
            if "file" in node:
                n += 1
                entry = f"{n}.bin" if node["__loader__"] == _BYTES else f"{n}.npy"
                archive.writestr(zipfile.ZipInfo(entry, _MTIME), dumped.read(node["file"]))
                node["file"] = entry
        manifest = {
            "format": FORMAT,
            "schema": SCHEMA,
            "versions": versions(),
            "about": dict(about),
            "own": _own_code(content),
        }
        for name, data in ((OBJECTS, schema), (MANIFEST, manifest)):
            text = json.dumps(data, ensure_ascii=False, indent=1)
            archive.writestr(zipfile.ZipInfo(name, _MTIME), text.encode())


def _dump(parts: dict[str, object]) -> bytes:
    """Return what skops writes of ``parts``; refuse what could not be loaded as it was."""
    skops = _skops()
    try:
        content: bytes = skops.dumps(parts)
        strange = [
            name
            for name in skops.get_untrusted_types(data=content)
            if name not in SKLEARN_TRUSTED and (name.startswith("builtins.") or not _is_class(name))
        ]
        if not strange:
            with zipfile.ZipFile(io.BytesIO(content)) as dumped:
                strange = _not_kept(json.loads(dumped.read(OBJECTS)))
    except Exception as e:  # whatever an object's own reduction raises (a tensor's: RuntimeError)
        strange = [f"{_unkept(parts)} ({_one_line(e)})"]
    if strange:
        raise RobotVisionError(
            f"{', '.join(strange)}: cannot be saved; keep what was learnt in arrays, numbers, "
            "text and objects of classes that can be imported"
        )
    return content


def _unkept(parts: Mapping[str, object]) -> str:
    """Return the parts that skops cannot write, by name."""
    names = []
    for name, part in parts.items():
        try:
            _skops().dumps(part)
        except Exception:  # as above: which part it is has to be said
            names.append(f"the part {name!r}")
    return ", ".join(names)


def _own_code(content: bytes) -> dict[str, dict[str, str]]:
    """Return where the classes that must be trusted by name come from, and their code's digest."""
    found = {}
    for name in filter(_needs_trust, _skops().get_untrusted_types(data=content)):
        code = code_of_module(name.rpartition(".")[0])
        found[name] = {"origin": code.origin, "digest": code.digest}
    return found


def own_classes(path: Path) -> dict[str, dict[str, str]]:
    """Return the classes of a model file that must be trusted by name: origin and digest of each.

    They are what the file says of itself. Raises InputFaults where it is no model file.
    """
    own: dict[str, dict[str, str]] = _careful(path, lambda: _read_manifest(path)).get("own", {})
    return own


def _read_manifest(path: Path) -> dict[str, Any]:
    with open_regular(path) as f:
        _check_kind(path, f.read(4096))
        with zipfile.ZipFile(f) as archive:
            _check_sizes(path, archive.infolist(), os.fstat(f.fileno()).st_size)
            manifest = json.loads(archive.read(MANIFEST))
    _check_manifest(path, manifest, None)
    return dict(manifest)


def _needs_trust(name: str) -> bool:
    module = name.rpartition(".")[0]
    is_ours = any(module.startswith(t) if t.endswith(".") else module == t for t in TRUSTED)
    return not (is_ours or name in SKLEARN_TRUSTED)


def _not_kept(schema: Any) -> list[str]:
    """Return what skops writes and a model file does not: bytes, sparse matrices, lossy keys."""
    refused = set()
    for node in _nodes(schema):
        if not str(node.get("file", ".npy")).endswith(".npy") and node["__loader__"] != _BYTES:
            refused.add(f"{node['__module__']}.{node['__class__']}")
        if node["__loader__"] == "DictNode":
            kinds = [kind["__class__"] for kind in node["key_types"]["content"]]
            # keys are kept as text: bool("False") is True, and 1 and "1" are one key
            if "bool" in kinds or len(kinds) != len(node["content"]):
                refused.add(f"a dictionary with the keys {', '.join(node['content'])}")
    return sorted(refused)


def _nodes(schema: Any) -> Iterator[dict[str, Any]]:
    """Iterate over the objects of a skops schema, without recursion."""
    stack = [schema]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            if isinstance(value.get("__loader__"), str):
                yield value
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)


def _skops() -> Any:
    """Import ``skops.io`` without the array libraries that it does not need.

    To list scikit-learn's estimators it imports every package in scikit-learn, among them adapters
    that load PyTorch, Dask and CuPy where they are installed: seconds, and 500 MB of memory.
    """
    adapters = [f"sklearn.externals.array_api_compat.{name}" for name in _ARRAY_LIBRARIES]
    blocked = [name for name in adapters if name not in sys.modules]
    sys.modules.update(dict.fromkeys(blocked))  # type: ignore[arg-type]
    try:
        import skops.io
    finally:
        for name in blocked:
            sys.modules.pop(name, None)
    return skops.io


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
        Dotted names of classes of your own to build besides ours. Their modules are searched as
        those of plug-ins are, and last in the model file's own folder.

    Raises
    ------
    UntrustedError
        It holds classes that are not trusted.
    InputFaults
        It is no model file, cut short, of another schema, release or task, or a module that it
        needs cannot be had: one line.
    """
    return _careful(path, lambda: _load(path, task, trusted))


def _careful(path: Path, read: Callable[[], T]) -> T:
    """Return what ``read`` does; whatever is wrong with the file is one line."""
    try:
        return read()
    except InputFaults:
        raise
    except OSError as e:
        raise not_readable(path, e) from e
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RecursionError) as e:
        raise _refused(path, f"damaged or cut short ({e})", "save or copy it again") from e
    except RobotVisionError as e:
        raise _refused(path, f"not loaded: {e}") from e
    except Exception as e:  # a class given a state that is not its own may raise anything
        raise _refused(path, f"its contents do not fit together ({_one_line(e)})", _AGAIN) from e


def _load(
    path: Path, task: str | None, trusted: Sequence[str]
) -> tuple[dict[str, Any], dict[str, Any]]:
    with open_regular(path) as f:
        _check_kind(path, f.read(4096))
        with zipfile.ZipFile(f) as archive:
            entries = archive.infolist()
            _check_sizes(path, entries, os.fstat(f.fileno()).st_size)
            manifest = json.loads(archive.read(MANIFEST))
            about = _check_manifest(path, manifest, task)
            _check_arrays(path, archive, entries)
            _check_objects(path, json.loads(archive.read(OBJECTS)), manifest["versions"])
        skops = _skops()
        names = skops.get_untrusted_types(file=f)
        named = [name.replace(":", ".") for name in trusted]
        _check_trusted(path, names, named, manifest.get("own", {}))
        parts = skops.load(f, trusted=names)
    return {str(k): v for k, v in parts.items()}, about


def _check_kind(path: Path, head: bytes) -> None:
    if head[:2] in (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05") or b"data.pkl" in head:
        raise _refused(
            path, "a pickle, which can run any program when it is opened, so it is not", _AGAIN
        )
    if not head:
        raise _refused(path, "the file is empty", _AGAIN)
    if head[:4] != b"PK\x03\x04":
        raise _refused(path, f"not a model file (it begins with {head[:4]!r})", _AGAIN)


def _check_sizes(path: Path, entries: Iterable[zipfile.ZipInfo], size: int) -> None:
    """Refuse entries that are twice the same, compressed, or larger than the file."""
    seen: set[str] = set()
    total = 0
    for entry in entries:
        name = entry.filename
        if name in seen:
            raise _refused(path, f"the entry {name!r} is there twice")
        if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
            raise _refused(path, f"the entry {name!r} is compressed, which a model file never is")
        seen.add(name)
        total += entry.file_size
        if entry.file_size > (MAX_JSON if name in (MANIFEST, OBJECTS) else MAX_BYTES):
            raise _refused(path, f"the entry {name!r} is too large ({entry.file_size} bytes)")
    if total > min(size, MAX_BYTES) or len(seen) > MAX_ENTRIES:
        raise _refused(path, f"its {len(seen)} entries claim {total} bytes of a file of {size}")
    if MANIFEST not in seen:
        raise _refused(path, f"not a model file (a zip without {MANIFEST})", _AGAIN)


def _check_manifest(path: Path, manifest: Any, task: str | None) -> dict[str, Any]:
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise _refused(path, f"not a model file ({MANIFEST} does not say so)", _AGAIN)
    if manifest.get("schema") == 1:
        raise _refused(
            path,
            "the model file of an older release, which this one does not read",
            "make it anew: robotvision train CONFIG -o MODEL",
        )
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


def _check_arrays(path: Path, archive: zipfile.ZipFile, entries: Iterable[zipfile.ZipInfo]) -> None:
    """Refuse entries of other names, and arrays of another size than they say."""
    for entry in entries:
        if entry.filename in (MANIFEST, OBJECTS):
            continue
        if not _ENTRY.match(entry.filename):
            raise _refused(path, f"the entry {entry.filename!r} does not belong into a model file")
        if entry.filename.endswith(".bin"):
            continue  # read as bytes alone, see `_check_objects`
        with archive.open(entry) as f:
            version = np.lib.format.read_magic(f)
            read = {
                (1, 0): np.lib.format.read_array_header_1_0,
                (2, 0): np.lib.format.read_array_header_2_0,
            }.get(version)
            if read is None:
                raise ValueError(f"an array in NumPy's format {version}")
            shape, _, dtype = read(f)
            size = entry.file_size - f.tell()
        n = math.prod(shape)
        if dtype.hasobject or min(shape, default=0) < 0 or n * dtype.itemsize != size:
            raise ValueError(f"an array of {shape} {dtype} in {size} bytes")


def _check_objects(path: Path, schema: Any, saved: Mapping[str, str]) -> None:
    """Refuse descriptions that unfold into more than they are, or of another scikit-learn."""
    files = []
    needs_sklearn = False
    for node in _nodes(schema):
        if "__id__" in node:  # one object in many places: nested, they double at every level
            raise ValueError("an object that is named by its address")
        if "file" in node:
            files.append(node["file"])
            if node["file"].endswith(".bin") != (node["__loader__"] == _BYTES):
                raise ValueError(f"{node['file']} for a {node['__loader__']}")
        needs_sklearn = needs_sklearn or str(node.get("__module__")).startswith("sklearn.")
    if len(set(files)) != len(files):
        raise ValueError("an array that is read more than once")
    here, there = versions()["scikit-learn"], str(saved["scikit-learn"])
    if needs_sklearn and here.split(".")[:2] != there.split(".")[:2]:
        raise _refused(
            path, f"holds a classifier of scikit-learn {there}, installed is {here}", _AGAIN
        )


def _check_trusted(
    path: Path, names: Iterable[str], trusted: Sequence[str], own: Mapping[str, Mapping[str, str]]
) -> None:
    """Refuse every name but those of classes of `TRUSTED` modules and of those named by the caller.

    A method, a function or a name that a trusted module only imported is not trusted. No module is
    imported before all names are known to be trusted.
    """
    unsaid = [name for name in filter(_needs_trust, names) if name not in trusted]
    standard = [name for name in unsaid if is_standard(name)]
    if standard:
        raise RobotVisionError(
            f"it holds {', '.join(standard)}, which is not trusted: a part of Python's own, of "
            "which a trained recogniser has no need, so the file may mean harm"
        )
    if unsaid:
        raise UntrustedError(path, unsaid, {n: str(about["origin"]) for n, about in own.items()})
    search_also(path.parent)
    for name in names:
        if name not in SKLEARN_TRUSTED and _needs_trust(name):
            _import_trusted(path, name, own.get(name, {}))
        if name not in SKLEARN_TRUSTED and not _is_class(name):
            raise RobotVisionError(f"it names {name}, which is no class of that module")


def _import_trusted(path: Path, name: str, origin: Mapping[str, str]) -> None:
    """Import the module of a class of one's own, from where plug-ins are searched."""
    module = name.rpartition(".")[0]
    try:
        import_own(module)
    except ModuleNotFoundError as e:
        was = f" (when the model was saved: {origin['origin']})" if origin else ""
        raise _refused(
            path,
            f"it holds {name}, whose module cannot be found ({_one_line(e)}){was}",
            "put the module beside the model or the configuration, or on PYTHONPATH",
        ) from e
    except Exception as e:  # whatever the module's own code raises
        raise _refused(
            path, f"it holds {name}, whose module fails on import: {with_place(e)}", "mend it"
        ) from e


def _is_class(name: str) -> bool:
    """Return whether ``name`` is that of a class in the module where it was defined."""
    module, _, attribute = name.rpartition(".")
    try:
        cls = getattr(importlib.import_module(module), attribute, None)
    except (ImportError, ValueError):
        return False
    return isinstance(cls, type) and f"{cls.__module__}.{cls.__qualname__}" == name


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _refused(path: Path, message: str, remedy: str = "") -> InputFaults:
    return InputFaults(Fault(path, message, remedy=remedy))
