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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field

from robotvision.errors import Fault, InputFaults, RobotVisionError, raise_faults
from robotvision.regular_file import read_regular
from robotvision.submissions.card import Card, as_yaml, read_card
from robotvision.submissions.checker import check_run_file
from robotvision.submissions.run_report import Share, overlap_shares
from robotvision.submissions.truthfile import FrameSet, read_frames
from robotvision.submissions.zipfiles import read_zip
from robotvision.tasks import load_task
from robotvision.tasks.model import Task
from robotvision.writing import new_file, new_folder
from robotvision.yamlfile import Strict, loads, validate

SCHEMA = 1
MANIFEST = "manifest.json"
WHOLE = "the submission"
"""What messages call a pack whose name says nothing to the reader."""
_EPOCH = (1980, 1, 1, 0, 0, 0)


class PackedFile(Strict):
    """One file of a pack."""

    path: str
    bytes: int = Field(ge=0)
    sha256: str


class PackedProgram(Strict):
    """A program that answers, in place of answers: its files lie in ``program/``.

    ``command`` is started there; or ``model`` names a trained recogniser among the files, which
    ``config`` describes.
    """

    command: tuple[str, ...] = ()
    model: str = ""
    config: str = ""


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
    program: PackedProgram | None = None


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
    except OSError as e:
        raise RobotVisionError(f"{e.filename or path}: cannot be packed ({e.strerror})") from e
    manifest = _manifest(task, path.stem, sets, files)
    manifest |= {"overlap": overlap} if overlap else {}
    return _write(path, manifest, files)


def _write(path: Path, manifest: Mapping[str, Any], files: Mapping[str, bytes]) -> Manifest:
    with new_file(path) as f, zipfile.ZipFile(f, "w") as archive:
        _put(archive, MANIFEST, (json.dumps(manifest, indent=1) + "\n").encode())
        for name, raw in sorted(files.items()):
            _put(archive, name, raw)
    return validate(loads(json.dumps(manifest), MANIFEST), Manifest)


PROGRAM_FOLDER = "program"


def pack_program(
    out: Path,
    task_name: str,
    program: PackedProgram,
    files: Mapping[str, Path],
    card_path: Path | None,
    given: Mapping[str, Any],
) -> Manifest:
    """Pack a program that answers, in place of answers, for the organisers to run.

    Parameters
    ----------
    out, task_name
        As `write_pack` takes the path and `load_task` the name.
    program : PackedProgram
        What of the files is started, and how.
    files : Mapping[str, Path]
        What it consists of, by name below ``program/``.
    card_path, given
        As `robotvision.submissions.card.read_card` takes them.

    Raises
    ------
    InputFaults
        A file is not there, or whatever is missing or wrong in the card.
    """
    task, card = load_task(task_name), read_card(card_path, given)
    if not files:
        raise RobotVisionError("a program needs files: give its folder, or a model")
    packed = {"card.yaml": as_yaml(card).encode()}
    for name, path in files.items():
        try:
            packed[f"{PROGRAM_FOLDER}/{name}"] = read_regular(path)
        except OSError as e:
            raise InputFaults(Fault(path, f"cannot be packed ({e.strerror})")) from e
    return _write(out, _manifest(task, out.stem, {}, packed, program), packed)


def folder_files(folder: Path) -> dict[str, Path]:
    """Return the files below a folder by name, but hidden ones and what Python leaves there.

    Raises
    ------
    InputFaults
        It is no folder, or a link is in it.
    """
    if not folder.is_dir():
        raise InputFaults(Fault(folder, "no such folder", remedy="give the program's folder"))
    files: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if any(part.startswith(".") or part == "__pycache__" for part in name.parts):
            continue
        if path.is_symlink():
            raise InputFaults(Fault(path, "a link", remedy="put the file itself there"))
        if path.is_file():
            files[name.as_posix()] = path
    return files


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
    raise_faults(faults)


def _manifest(
    task: Task,
    run: str,
    sets: Mapping[str, str],
    files: Mapping[str, bytes],
    program: PackedProgram | None = None,
) -> dict[str, Any]:
    manifest: dict[str, Any] = {
        "schema": SCHEMA,
        "task": task.id,
        "run": run,
        "sets": dict(sets),
        "files": [
            {"path": name, "bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}
            for name, raw in sorted(files.items())
        ],
    }
    if program is not None:
        manifest["program"] = program.model_dump(mode="json")
    return manifest


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
    return parse_pack(read_zip(path), str(path))


def parse_pack(files: Mapping[str, bytes], where: str = "") -> Pack:
    """Return a pack whose files are in memory; ``where`` is its name in messages.

    Raises
    ------
    InputFaults
        As `read_pack`.
    """
    if MANIFEST not in files:
        fault = Fault(where or WHOLE, f"no {MANIFEST} in it", remedy="pack the run again")
        raise InputFaults(fault)
    inner = f"{where}/" if where else ""
    manifest = parse_manifest(files, inner)
    others = {name: raw for name, raw in files.items() if name != MANIFEST}
    _require_sealed(where or WHOLE, manifest, others)
    card = validate(loads(others["card.yaml"], f"{inner}card.yaml"), Card)
    return Pack(manifest, card, others)


def parse_manifest(files: Mapping[str, bytes], inner: str = "") -> Manifest:
    """Return the manifest among a pack's files; ``inner`` goes before its name in messages.

    Raises
    ------
    InputFaults
        It is malformed; every fault.
    """
    return validate(loads(files[MANIFEST], f"{inner}{MANIFEST}"), Manifest)


def _require_sealed(path: str, manifest: Manifest, files: Mapping[str, bytes]) -> None:
    wrong = []
    if manifest.schema_ != SCHEMA:
        wrong.append(f"expected schema {SCHEMA}, got {manifest.schema_}")
    listed = {f.path: f for f in manifest.files}
    for name in sorted({*listed, *files, "card.yaml", *manifest.sets.values()}):
        if name not in listed:
            wrong.append(f"{name} is not in the manifest")
        elif name not in files:
            wrong.append(f"{name} is in the manifest and not in the pack")
        elif hashlib.sha256(files[name]).hexdigest() != listed[name].sha256:
            wrong.append(f"{name} is not what the manifest says (sha256 differs)")
    if wrong:
        remedy = "pack the run again"
        raise InputFaults([Fault(path, text, remedy=remedy, kind="seal") for text in wrong])


def put_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files below a folder, by their names within it."""
    for name, raw in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(raw)


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
        put_files(part, pack.files)


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
