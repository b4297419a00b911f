"""What participants hand in, in whatever it comes: a pack, another zip file, a folder, a run file.

The rule is this project's own. A pack (`robotvision.submissions.pack`) says which file answers
which test set. Any other zip file, such as one that was uploaded to Codabench, or the folder it was
unpacked to, holds run files: one, or with several test sets one named after each, in a folder or
not.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from robotvision.errors import Fault, InputFaults, not_readable, printable, raise_faults
from robotvision.regular_file import read_regular
from robotvision.submissions.card import Card
from robotvision.submissions.pack import MANIFEST, WHOLE, PackedProgram, parse_manifest, parse_pack
from robotvision.submissions.testsets import SUFFIXES, RunFiles, one_a_set, runs_of
from robotvision.submissions.zipfiles import (
    KIND,
    MAX_BYTES,
    MAX_ENTRIES,
    read_zip,
    read_zip_bytes,
)
from robotvision.tasks.model import Task

ZIP = ".zip"
OURS = ("ranking.csv", "truth.csv")
"""Files that may lie beside runs and are none."""


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A submission, opened.

    Parameters
    ----------
    runs : Mapping[str, str]
        Name of the run file by test set, among ``files``; empty where it is a program.
    files : Mapping[str, bytes]
        Everything in it.
    card : Card or None
        None where it is not a pack.
    run : str
        What a pack calls the run.
    program : PackedProgram or None
        The program that answers, where it is handed in in place of answers.
    overlap : Mapping[str, float]
        The share of each test set that training has seen, where a pack says so.
    """

    runs: Mapping[str, str]
    files: Mapping[str, bytes] = field(repr=False)
    card: Card | None = None
    run: str = ""
    program: PackedProgram | None = None
    overlap: Mapping[str, float] = field(default_factory=dict)

    def named(self, stem: str) -> str:
        """Return what to call the run: team and run of a pack, else ``stem``."""
        if self.card is None:
            return printable(stem)
        team, run = self.card.group, self.run or stem
        is_said = run.casefold().startswith(team.casefold())
        return printable(run if is_said else f"{team}_{run}")

    def contents(self) -> dict[str, bytes]:
        """Return what the run file of each test set holds."""
        return {name: self.files[inner] for name, inner in self.runs.items()}


def open_files(files: Mapping[str, bytes], sets: Sequence[str], task: Task) -> HandedIn:
    """Return a submission whose files are in memory.

    Parameters
    ----------
    files : Mapping[str, bytes]
        By name within it.
    sets : sequence of str
        The test sets.
    task : Task
        What a pack must be for.

    Raises
    ------
    InputFaults
        A pack is not whole or not of this task, or a test set has no run file or several.
    """
    if MANIFEST not in files:
        return HandedIn(choose_runs(list(files), sets), files)
    pack = parse_pack(files)
    manifest = pack.manifest
    faults = []
    if manifest.task != task.id:
        message = f"packed for the task {manifest.task}; this one is {task.id}"
        remedy = f"pack it with --task {task.id}"
        faults.append(Fault(WHOLE, message, remedy=remedy, kind="task"))
    runs: dict[str, str] = {}
    if manifest.program is None:
        runs, missing = _packed_runs(manifest.sets, sets)
        faults += missing
    raise_faults(faults)
    return HandedIn(runs, pack.files, pack.card, manifest.run, manifest.program, manifest.overlap)


def _packed_runs(
    packed: Mapping[str, str], sets: Sequence[str]
) -> tuple[dict[str, str], list[Fault]]:
    """Return the packed run file of each test set, and what is missing or left over."""
    if len(sets) == len(packed) == 1:
        return {sets[0]: next(iter(packed.values()))}, []
    names = ", ".join(sets)
    faults = [
        Fault(WHOLE, f"no run for the test set {name!r}", remedy="pack one for each", kind="files")
        for name in sets
        if name not in packed
    ]
    faults += [
        Fault(WHOLE, f"a run for {name!r}, which is no test set; they are {names}", kind="files")
        for name in packed
        if name not in sets
    ]
    return {name: packed[name] for name in sets if name in packed}, faults


def choose_runs(names: Sequence[str], sets: Sequence[str]) -> dict[str, str]:
    """Return which file of an archive that is no pack answers which test set.

    Raises
    ------
    InputFaults
        A test set has no run file, or several.
    """
    candidates = [name for name in sorted(names) if _may_be_run(PurePosixPath(name))]
    if len(sets) == 1:
        if len(candidates) == 1:
            return {sets[0]: candidates[0]}
        found = f"{len(candidates)} ({', '.join(candidates[:8]) or 'none'})"
        message = f"expected one run file ({', '.join(SUFFIXES)}) in the archive, got {found}"
        raise InputFaults(Fault(WHOLE, message, kind="files"))
    of_set = {s: [n for n in candidates if PurePosixPath(n).stem == s] for s in sets}
    return one_a_set(of_set, WHOLE, "files")


def _may_be_run(name: PurePosixPath) -> bool:
    is_hidden = name.name.startswith(".") or "__MACOSX" in name.parts
    return name.suffix in SUFFIXES and not is_hidden


def read_files(path: Path) -> dict[str, bytes]:
    """Return every file of what was handed in by its name within it, in whatever it came.

    Raises
    ------
    InputFaults
        It cannot be read, or holds what no submission may; every fault.
    """
    if path.is_dir():
        return _read_folder(path)
    if path.suffix.lower() == ZIP:
        return read_zip(path)
    try:
        return {path.name: read_regular(path)}
    except OSError as e:
        raise not_readable(path, e, kind=KIND) from e


def packed_for(path: Path) -> str | None:
    """Return the id of the task that a pack is for; None where it is no pack, or a broken one."""
    try:
        files = read_files(path)
        return parse_manifest(files).task if MANIFEST in files else None
    except InputFaults:  # what is wrong with it is told by whoever judges it
        return None


def _read_folder(folder: Path) -> dict[str, bytes]:
    """Return the files below a folder; links are refused, as in an archive."""
    files: dict[str, bytes] = {}
    faults: list[Fault] = []
    size = 0
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            faults.append(Fault(folder, f"the entry {name!r} is not a file", kind=KIND))
        elif not path.is_dir():
            try:
                files[name] = read_regular(path, MAX_BYTES - size)
            except OSError as e:
                message = f"the entry {name!r} cannot be read ({e.strerror})"
                faults.append(Fault(folder, message, kind=KIND))
            size += len(files.get(name, b""))
        if len(files) > MAX_ENTRIES or len(faults) > MAX_ENTRIES:
            faults = [Fault(folder, f"more than {MAX_ENTRIES} entries", kind=KIND)]
            break
    raise_faults(faults)
    return files


def runs_in(folder: Path, sets: Sequence[str], task: Task) -> Iterator[RunFiles | InputFaults]:
    """Yield every run in a folder by name, or why it is none.

    Every pack and every other zip file is a run, or holds zip files that are. One test set: so is
    each file with the suffix of a run file. Several: each folder.

    Raises
    ------
    InputFaults
        The folder is not there or holds no run.
    """
    if not folder.is_dir():
        raise InputFaults(Fault(folder, "no such folder", remedy="give the folder of the runs"))
    entries = sorted(p for p in folder.iterdir() if not p.name.startswith("."))
    runs = [p for p in entries if _is_run(p, len(sets) > 1)]
    if not runs:
        kind = "folder of a run" if len(sets) > 1 else f"run file ({', '.join(SUFFIXES)})"
        raise InputFaults(Fault(folder, f"no {kind}, pack or zip file in it"))
    for path in runs:
        try:
            _require_inside(folder, path)
            if path.suffix.lower() == ZIP and not path.is_dir():
                yield from _zipped_runs(path, sets, task)
            elif path.is_dir() and (path / MANIFEST).is_file():
                yield _run_of(_read_folder(path), path, sets, task)
            else:
                run = runs_of([path], sets)[0]
                for file in run.files.values():
                    _require_inside(folder, file)
                yield run
        except InputFaults as e:
            yield e


def _is_run(path: Path, has_folders: bool) -> bool:
    if path.is_dir():
        return has_folders or (path / MANIFEST).is_file()
    suffixes = (ZIP,) if has_folders else (*SUFFIXES, ZIP)
    return path.suffix.lower() in suffixes and path.name not in OURS


def _zipped_runs(path: Path, sets: Sequence[str], task: Task) -> Iterator[RunFiles | InputFaults]:
    files = read_zip(path)
    inner = archives_in(files)
    if not inner:
        yield _run_of(files, path, sets, task)
    for name in inner:
        try:
            yield _run_of(read_zip_bytes(files[name], f"{path}/{name}"), path / name, sets, task)
        except InputFaults as e:
            yield e


def archives_in(files: Mapping[str, bytes]) -> list[str]:
    """Return the zip files among the files of another one; none where that is a pack.

    Codabench gives such a file to who downloads several submissions at once.
    """
    if MANIFEST in files:
        return []
    return [n for n in files if n.lower().endswith(ZIP) and "__MACOSX" not in n]


def _run_of(files: Mapping[str, bytes], path: Path, sets: Sequence[str], task: Task) -> RunFiles:
    """Return the run of a submission's files; ``path`` is what messages call it."""
    try:
        opened = open_files(files, sets, task)
    except InputFaults as e:
        raise InputFaults([located(fault, path) for fault in e.faults]) from None
    if opened.program is not None:
        remedy = "robotvision contest judge runs it"
        fault = Fault(path, "a program, and no run file", remedy=remedy, kind="program")
        raise InputFaults(fault)
    return RunFiles(
        opened.named(path.stem),
        {name: path / file for name, file in opened.runs.items()},
        opened.contents(),
        opened.card,
        overlap=opened.overlap,
    )


def located(fault: Fault, where: Path | str) -> Fault:
    """Return a fault in a submission as one of a file: ``run.zip/runs/easy.txt``, ``run.txt``."""
    inner = str(fault.path)
    is_file_itself = inner in (WHOLE, Path(where).name)
    path = where if is_file_itself else f"{where}/{inner}"
    return Fault(path, fault.message, fault.line, fault.column, fault.remedy, fault.kind)


def _require_inside(folder: Path, path: Path) -> None:
    """Raise InputFaults where a link leads out: a message must not quote another file's lines."""
    root = os.path.realpath(folder)
    if not os.path.realpath(path).startswith(root + os.sep):
        message = "a link that leaves the folder of the runs"
        raise InputFaults(Fault(path, message, remedy="put the file itself there"))
