"""One file to hand in: run files, the card that describes them, and a manifest that seals both.

::

    manifest.json          schema, task, run, files: [{path, bytes, sha256}], sets; overlap,
                           where the run's own report says that training has seen test frames
    card.yaml              see `robotvision.submissions.card`
    runs/<set>.txt         a run file for each test set
    task.yaml              the task's file, where it is not a shipped one

Packing the same run twice gives the same bytes. Reading trusts nothing: a name that leaves the
folder, a link, a file that is not in the manifest or not what the manifest says refuses the whole.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import Field

from robotvision.errors import Fault, InputFaults, RobotVisionError
from robotvision.regular_file import open_regular, read_regular
from robotvision.submissions.card import Card, as_yaml, read_card
from robotvision.submissions.checker import check_run_file
from robotvision.submissions.run_report import Share, overlap_shares
from robotvision.submissions.truthfile import FrameSet, read_frames
from robotvision.tasks import load_task
from robotvision.tasks.model import Task
from robotvision.writing import new_file, new_folder
from robotvision.yamlfile import Strict, loads, validate

SCHEMA = 1
MAX_BYTES = 2**30
MAX_ENTRIES = 1000
MANIFEST = "manifest.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_LINK, _TYPE_BITS = 0o120000, 0o170000


class PackedFile(Strict):
    """One file of a pack."""

    path: str
    bytes: int = Field(ge=0)
    sha256: str


class Manifest(Strict):
    """``manifest.json``.

    ``overlap`` is the share of each test set that training has seen, by the run's own report.
    """

    schema_: int = Field(alias="schema")
    task: str
    run: str
    sets: dict[str, str]
    files: tuple[PackedFile, ...]
    overlap: dict[str, Share] = {}


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack as read: its manifest, its card and the bytes of every file by path."""

    manifest: Manifest
    card: Card
    files: Mapping[str, bytes]


def write_pack(
    path: Path,
    task: Task,
    card: Card,
    runs: Mapping[str, Path],
    frames: Mapping[str, FrameSet] | None = None,
    task_file: Path | None = None,
) -> Manifest:
    """Write a pack and return its manifest.

    Parameters
    ----------
    path : Path
        The zip file; replaced where it is there.
    task : Task
        The run's task.
    card : Card
        Its description.
    runs : Mapping[str, Path]
        Run file by test set.
    frames : Mapping[str, FrameSet], optional
        Frames of each test set, to check that the run is whole; None: only gaps are noticed.
    task_file : Path, optional
        The task's own file, put beside the run.

    Raises
    ------
    InputFaults
        A run file is refused or incomplete; every fault.
    """
    require_whole(task, runs, frames or {})
    files = {"card.yaml": as_yaml(card).encode()}
    sets = {name: f"runs/{_safe(name)}{file.suffix or '.txt'}" for name, file in runs.items()}
    try:
        files |= {sets[name]: read_regular(file) for name, file in runs.items()}
        if task_file is not None:
            files["task.yaml"] = read_regular(task_file)
        overlap = overlap_shares(runs.values())
        manifest = _manifest(task, path.stem, sets, files)
        manifest |= {"overlap": overlap} if overlap else {}
        with new_file(path) as f, zipfile.ZipFile(f, "w") as archive:
            _put(archive, MANIFEST, (json.dumps(manifest, indent=1) + "\n").encode())
            for name, raw in sorted(files.items()):
                _put(archive, name, raw)
    except OSError as e:
        raise RobotVisionError(f"{e.filename or path}: cannot be packed ({e.strerror})") from e
    return validate(loads(json.dumps(manifest), MANIFEST), Manifest)


def require_whole(task: Task, runs: Mapping[str, Path], frames: Mapping[str, FrameSet]) -> None:
    """Raise InputFaults where a run file is refused or does not answer every frame."""
    faults: list[Fault] = []
    for name, file in runs.items():
        result = check_run_file(file, task, frames.get(name))
        faults += result.faults
        if result.n_missing:
            faults += [
                Fault(file, f"the run is not whole: {w}", remedy="add a line for every frame")
                for w in result.warnings
                if "missing" in w
            ]
    if faults:
        raise InputFaults(faults)


def _manifest(
    task: Task, run: str, sets: Mapping[str, str], files: Mapping[str, bytes]
) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "task": task.id,
        "run": run,
        "sets": dict(sets),
        "files": [
            {"path": name, "bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
            for name, raw in sorted(files.items())
        ],
    }


def _put(archive: zipfile.ZipFile, name: str, raw: bytes) -> None:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, raw)


def _safe(name: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in name)


def read_pack(path: Path) -> Pack:
    """Return what a pack holds, every file checked against the manifest.

    Raises
    ------
    InputFaults
        It is not a pack, or one of its entries is not what it should be; every fault.
    """
    try:
        with open_regular(path) as file, zipfile.ZipFile(file) as archive:
            files = _entries(path, archive)
    except OSError as e:
        raise InputFaults([Fault(path, f"cannot be read ({e.strerror})")]) from e
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        ValueError,
    ) as e:
        raise InputFaults(
            [
                Fault(
                    path, f"not a whole zip file ({e})", remedy="is it what robotvision pack wrote?"
                )
            ]
        ) from e
    if MANIFEST not in files:
        raise InputFaults([Fault(path, f"no {MANIFEST} in it", remedy="pack the run again")])
    manifest = validate(loads(files.pop(MANIFEST), f"{path}:{MANIFEST}"), Manifest)
    _require_sealed(path, manifest, files)
    card = validate(loads(files["card.yaml"], f"{path}:card.yaml"), Card)
    return Pack(manifest, card, files)


def _entries(path: Path, archive: zipfile.ZipFile) -> dict[str, bytes]:
    entries = archive.infolist()
    faults = [Fault(path, f"the entry {e.filename!r} {why}") for e in entries if (why := _odd(e))]
    names = [e.filename for e in entries]
    faults += (
        [
            Fault(path, f"the entry {n!r} is there twice")
            for n in sorted(set(names))
            if names.count(n) > 1
        ]
        if len(names) <= MAX_ENTRIES
        else []
    )
    if len(names) > MAX_ENTRIES:
        faults = [Fault(path, f"more than {MAX_ENTRIES} entries")]
    if sum(e.file_size for e in entries) > MAX_BYTES:
        faults.append(Fault(path, f"more than {MAX_BYTES >> 20} MB unpacked"))
    if faults:
        raise InputFaults(faults)
    files = {}
    for entry in entries:
        with archive.open(entry) as f:
            files[entry.filename] = f.read(entry.file_size + 1)
    return files


def _odd(entry: zipfile.ZipInfo) -> str:
    """Say what is wrong with an entry's name or kind; empty where nothing is."""
    name = PurePosixPath(entry.filename)
    if name.is_absolute() or ".." in name.parts or any(c in entry.filename for c in "\\:\0"):
        return "leaves its folder"
    if entry.is_dir() or (entry.external_attr >> 16) & _TYPE_BITS == _LINK:
        return "is not a file"
    return ""


def _require_sealed(path: Path, manifest: Manifest, files: Mapping[str, bytes]) -> None:
    faults = []
    if manifest.schema_ != SCHEMA:
        faults.append(Fault(path, f"expected schema {SCHEMA}, got {manifest.schema_}"))
    listed = {f.path: f for f in manifest.files}
    for name in sorted({*listed, *files, "card.yaml", *manifest.sets.values()}):
        if name not in listed:
            faults.append(Fault(path, f"{name} is not in the manifest"))
        elif name not in files:
            faults.append(Fault(path, f"{name} is in the manifest and not in the pack"))
        elif hashlib.sha256(files[name]).hexdigest() != listed[name].sha256:
            faults.append(Fault(path, f"{name} is not what the manifest says (sha256 differs)"))
    if faults:
        raise InputFaults(faults)


def unpack(pack: Pack, folder: Path) -> None:
    """Write the files of a pack into a folder.

    Raises
    ------
    RobotVisionError
        The folder holds files already, or cannot be written.
    """
    if folder.is_dir() and any(folder.iterdir()):
        raise RobotVisionError(f"{folder}: not empty; give another folder")
    with new_folder(folder) as part:
        for name, raw in pack.files.items():
            target = part / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(raw)


def pack_files(
    out: Path,
    task_name: str,
    runs: Sequence[Path],
    sequences: Sequence[Path],
    card_path: Path | None,
    given: Mapping[str, Any],
) -> Manifest:
    """Pack run files, one a test set, as ``robotvision pack`` does.

    Raises
    ------
    InputFaults
        Whatever is missing or wrong in the card and in the runs, all at once.
    """
    task = load_task(task_name)
    tables = [read_frames(path) for path in sequences]
    if tables and len(tables) != len(runs):
        raise RobotVisionError(
            f"expected a sequence for each run file, got {len(runs)} run files "
            f"and {len(tables)} sequences"
        )
    sets = _set_names(task, runs)
    files = dict(zip(sets, runs, strict=True))
    frames = dict(zip(sets, tables, strict=True)) if tables else {}
    faults: list[Fault] = []
    card = None
    try:
        card = read_card(card_path, given)
    except InputFaults as e:
        faults += e.faults
    try:
        require_whole(task, files, frames)
    except InputFaults as e:
        faults += e.faults
    if faults or card is None:
        raise InputFaults(faults)
    own = Path(task_name) if task_name.endswith((".yaml", ".yml")) else None
    return write_pack(out, task, card, files, frames, own)


def _set_names(task: Task, runs: Sequence[Path]) -> list[str]:
    if len(runs) == len(task.test_sets):
        return [s.name for s in task.test_sets]
    names = [run.stem for run in runs]
    if len(set(names)) < len(names):
        raise RobotVisionError("two run files have the same name; rename one")
    return names
