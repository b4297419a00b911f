"""What a program must not read under any name: test sequences, run folders, caches, packed truth.

What it may read is bound into its sandbox tree by tree, under the name it was given by and under
its real one. Each tree is looked through once, and what is secret in it is covered in every place
where it would be seen:

* what is hidden by path (test sequences, the run's own folder, the feature cache), by real paths,
  so that no link leads around;
* what the harness itself wrote, recognised by content (`signs`);
* copies of the tables of a hidden sequence, byte by byte, and hard links to any of its files.

Links in a tree need no care of their own: in the sandbox they lead to what is covered there.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from robotvision.errors import RobotVisionError
from robotvision.systems.signs import file_sign, folder_sign

MAX_FILES = 2_000_000
"""Files that are looked through at most: some seconds' worth."""
MAX_MASKS = 1000
"""Places that are covered at most: bubblewrap takes 9000 words and reads all mounts for each."""
NOT_SEARCHED = frozenset({"site-packages", "dist-packages", "node_modules", ".git"})
"""Folders that are not looked through: the largest, and nobody keeps runs in them."""
_TABLES = frozenset({".csv", ".txt", ".tsv", ".json", ".lst", ".std", ".mat"})
_MAX_TABLE = 64 << 20


@dataclass(frozen=True, slots=True)
class Bind:
    """A real path that the program sees under a name; ``is_searched``: look through it."""

    source: Path
    name: Path
    is_searched: bool = True


@dataclass(frozen=True, slots=True)
class Secret:
    """A real path to be covered and why; ``is_hidden``: by its path, with all that is in it."""

    path: Path
    is_folder: bool
    why: str
    is_hidden: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Mask:
    """A name in the sandbox to be covered, by an empty folder or a file that cannot be opened."""

    name: Path
    is_folder: bool
    why: str


class Hidden:
    """What is hidden by path, and how its copies are recognised.

    Parameters
    ----------
    paths : collection of Path
        Files and folders; what does not exist is left out.
    training : collection of Path
        Folders whose files are no copies, even where they equal a hidden one.
    """

    def __init__(self, paths: Collection[Path], training: Collection[Path]) -> None:
        real = [Path(os.path.realpath(p)) for p in paths]
        self.paths = [p for p in dict.fromkeys(real) if p.exists()]
        self._training = tuple(os.path.join(os.path.realpath(p), "") for p in training)

    @cached_property
    def linked(self) -> Mapping[int, set[int]]:
        """Files with a second name: their numbers, each with the devices it lies on."""
        linked: dict[int, set[int]] = {}
        for path in self.paths:
            for file in [str(path)] if path.is_file() else _walk(path):
                status = os.lstat(file)
                if status.st_nlink > 1:
                    linked.setdefault(status.st_ino, set()).add(status.st_dev)
        return linked

    @cached_property
    def tables(self) -> Mapping[int, list[Path]]:
        """The tables of hidden sequences, by their size."""
        tables: dict[int, list[Path]] = {}
        for path in self.paths:
            for file in [path] if path.is_file() else path.iterdir():
                if file.suffix in _TABLES and file.is_file():
                    size = file.stat().st_size
                    if 0 < size <= _MAX_TABLE:
                        tables.setdefault(size, []).append(file)
        return tables

    def holds(self, entry: os.DirEntry[str]) -> bool:
        """Return whether a file is a hidden one by another name, or a copy of a hidden table."""
        if entry.path.startswith(self._training):
            return False
        devices = self.linked.get(entry.inode())  # a listing gives no more than the number
        if devices and entry.stat(follow_symlinks=False).st_dev in devices:
            return True
        if not self.tables or os.path.splitext(entry.name)[1] not in _TABLES:
            return False
        same = self.tables.get(entry.stat(follow_symlinks=False).st_size, [])
        return any(Path(entry.path).read_bytes() == t.read_bytes() for t in same)


def find_masks(
    binds: Collection[Bind],
    hide: Collection[Path],
    training: Collection[Path] = (),
    run: Path | None = None,
) -> list[Mask]:
    """Return every place that must be covered for a program that sees ``binds``.

    Parameters
    ----------
    binds : collection of Bind
        What it sees.
    hide : collection of Path
        Data of which nothing may be seen, also where it is training data as well.
    training : collection of Path
        Training sequences; see `Hidden`.
    run : Path or None
        The run's own folder, which may not yet hold a log.

    Raises
    ------
    RobotVisionError
        There are more files to look through, or more places to cover, than can be.
    """
    hidden = Hidden(hide, training)
    secrets = {p: Secret(p, p.is_dir(), "hidden from it", True) for p in hidden.paths}
    if run is not None and run.is_dir():
        run = Path(os.path.realpath(run))
        secrets.setdefault(run, Secret(run, True, "the run's own folder"))
    _search([b.source for b in binds if b.is_searched], hidden, secrets)
    _collapse(secrets, {b.source for b in binds})
    masks = sorted({m for b in binds for m in _on(b, secrets.values())})
    if len(masks) > MAX_MASKS:
        raise RobotVisionError(
            f"read: {len(masks)} runs, reports and the like lie in what the program may read, and "
            f"at most {MAX_MASKS} can be hidden from it; move such as {masks[0].name}, or let it "
            "read narrower folders"
        )
    return masks


def _on(bind: Bind, secrets: Iterable[Secret]) -> Iterator[Mask]:
    """Yield what to cover in one bind.

    What is named by itself inside a run folder (a program, its model) stays visible.
    """
    for secret in secrets:
        if bind.source.is_relative_to(secret.path):
            if secret.is_hidden or bind.source == secret.path:
                yield Mask(bind.name, bind.source.is_dir(), secret.why)
        elif secret.path.is_relative_to(bind.source):
            name = bind.name / secret.path.relative_to(bind.source)
            yield Mask(name, secret.is_folder, secret.why)


def _search(sources: Collection[Path], hidden: Hidden, secrets: dict[Path, Secret]) -> None:
    """Add to ``secrets`` what lies under ``sources``; each folder is read once."""
    n = 0
    seen: set[str] = set()
    for source in sources:
        stack = [str(source)]
        if source.is_file():
            stack = []
            why = file_sign(str(source))
            if why:
                secrets[source] = Secret(source, False, why)
        while stack:
            folder = stack.pop()
            if folder in seen or Path(folder) in secrets:
                continue
            seen.add(folder)
            entries = _entries(folder)
            n += len(entries)
            if n > MAX_FILES:
                raise RobotVisionError(
                    f"read: {source}: more than {MAX_FILES:,} files to look through for runs and "
                    "truth that must be hidden; let the program read narrower folders"
                )
            stack += _judge(folder, entries, hidden, secrets)


def _judge(
    folder: str, entries: list[os.DirEntry[str]], hidden: Hidden, secrets: dict[Path, Secret]
) -> list[str]:
    """Add what is secret in one folder, or the folder itself; return the folders in it."""
    files = [e for e in entries if e.is_file(follow_symlinks=False)]
    why = folder_sign({e.name: e.path for e in files})
    if why:
        secrets[Path(folder)] = Secret(Path(folder), True, why)
        return []
    for entry in files:
        why = "as in a hidden sequence" if hidden.holds(entry) else file_sign(entry.path)
        if why:
            secrets[Path(entry.path)] = Secret(Path(entry.path), False, why)
    inner = (e for e in entries if e.name not in NOT_SEARCHED)
    return [e.path for e in inner if e.is_dir(follow_symlinks=False)]


def _collapse(secrets: dict[Path, Secret], sources: Collection[Path]) -> None:
    """Cover a folder of which all is secret as one: a folder of runs, with those still to come."""
    above = {p for source in sources for p in (source, *source.parents)}
    waiting = {p.parent for p in secrets}
    while waiting:
        folder = waiting.pop()
        inside = {folder / e.name for e in _entries(str(folder))}
        is_seen = any(folder.is_relative_to(s) for s in sources)
        if folder in above or not is_seen or not inside or not inside <= secrets.keys():
            continue
        is_hidden = any(secrets[p].is_hidden for p in inside)
        secrets[folder] = Secret(folder, True, secrets[min(inside)].why, is_hidden)
        for path in inside:
            del secrets[path]
        waiting.add(folder.parent)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:  # what the harness cannot list, the program cannot either
        return []


def _walk(folder: Path) -> Iterator[str]:
    stack = [str(folder)]
    while stack:
        for entry in _entries(stack.pop()):
            if entry.is_dir(follow_symlinks=False):
                stack.append(entry.path)
            elif entry.is_file(follow_symlinks=False):
                yield entry.path
