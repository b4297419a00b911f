"""The store of finished runs: a folder of any file system that fsspec knows.

::

    rows/<hash>.json        a finished run, one small file, written last
    runs/<hash>/            its run folder
    features/<key>.npy      vectors by content of the images and extractor
    models/<key>.rvmodel    trained pipelines and extractors
    plan.json               the order and the cells of the sweep's runs
    results.parquet, results.html

A file appears whole or not at all: on a local disk it is written beside and moved into place, an
object store does so by itself, and a row that cannot be parsed counts as missing.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from uuid import uuid4

from robotvision.errors import RobotVisionError
from robotvision.systems.leftovers import owned_folder, owner_prefix
from robotvision.writing import make_folder, write_bytes

ROWS, RUNS, FEATURES, MODELS, SCRATCH = "rows", "runs", "features", "models", "scratch"


@dataclass(frozen=True)
class Store:
    """A folder by path or URL: ``results``, ``memory://sweep``, ``s3://bucket/sweep``.

    Raises
    ------
    RobotVisionError
        No file system answers to the URL.
    """

    url: str

    @cached_property
    def _fs_and_root(self) -> tuple[Any, str]:
        from fsspec.core import url_to_fs

        try:
            fs, root = url_to_fs(self.url)
        except (ValueError, ImportError) as e:
            raise RobotVisionError(
                f"{self.url}: no file system for it ({str(e).splitlines()[0]})"
            ) from e
        return fs, str(root).rstrip("/")

    @property
    def fs(self) -> Any:
        """The file system, as fsspec gives it."""
        return self._fs_and_root[0]

    @cached_property
    def folder(self) -> Path | None:
        """The folder, where it is one of this machine."""
        from fsspec.implementations.local import LocalFileSystem

        return Path(self._fs_and_root[1]) if isinstance(self.fs, LocalFileSystem) else None

    @property
    def is_memory(self) -> bool:
        """Whether only this process sees it."""
        from fsspec.implementations.memory import MemoryFileSystem

        return isinstance(self.fs, MemoryFileSystem)

    def place(self, name: str) -> str:
        """Return the full path of ``name`` on the file system."""
        return f"{self._fs_and_root[1]}/{name}"

    def shown(self, name: str) -> str:
        """Return the path or URL of ``name`` for messages."""
        return str(self.folder / name) if self.folder else f"{self.url.rstrip('/')}/{name}"

    def read(self, name: str) -> bytes | None:
        """Return a file's bytes, None where it does not exist. Raises RobotVisionError."""
        try:
            content: bytes = self.fs.cat_file(self.place(name))
        except FileNotFoundError:
            return None
        except OSError as e:
            raise self._fault(name, "read", e) from e
        return content

    def exists(self, name: str) -> bool:
        """Return whether a file or folder exists. Raises RobotVisionError."""
        try:
            return bool(self.fs.exists(self.place(name)))
        except OSError as e:
            raise self._fault(name, "read", e) from e

    def names(self, folder: str) -> list[str]:
        """Return the names in a folder, none where it does not exist. Raises RobotVisionError."""
        try:
            paths = self.fs.ls(self.place(folder), detail=False)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as e:
            raise self._fault(folder, "read", e) from e
        return sorted(str(p).rstrip("/").rpartition("/")[2] for p in paths)

    def write(self, name: str, content: bytes) -> None:
        """Write a file, whole or not at all. Raises RobotVisionError."""
        try:
            if self.folder is None:
                self.fs.pipe_file(self.place(name), content)
                return
            write_bytes(make_folder((self.folder / name).parent) / Path(name).name, content)
        except OSError as e:
            raise self._fault(name, "written", e) from e

    def put_file(self, local: Path, name: str) -> None:
        """Copy a local file there. Raises RobotVisionError."""
        try:
            content = local.read_bytes()
        except OSError as e:
            raise RobotVisionError(f"{local}: cannot be read ({e.strerror})") from e
        self.write(name, content)

    def put_folder(self, local: Path, name: str) -> None:
        """Move a folder of `scratch` into the store, replacing what has its name."""
        try:
            if self.folder is None:
                if self.fs.exists(self.place(name)):
                    self.fs.rm(self.place(name), recursive=True)
                for path in sorted(p for p in local.rglob("*") if p.is_file()):
                    target = f"{name}/{path.relative_to(local).as_posix()}"
                    self.fs.pipe_file(self.place(target), path.read_bytes())
                return
            target_path = self.folder / name
            target_path.parent.mkdir(parents=True, exist_ok=True)
            if target_path.exists():
                shutil.rmtree(target_path)
            os.replace(local, target_path)
        except OSError as e:
            raise self._fault(name, "written", e) from e

    def get_folder(self, name: str, local: Path) -> Path:
        """Return a local folder with the files of ``name``: itself, or a copy in ``local``."""
        if self.folder is not None:
            return self.folder / name
        for file in self.names(name):
            content = self.read(f"{name}/{file}")
            if content is not None:
                (local / file).write_bytes(content)
        return local

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Create an empty local folder, deleted afterwards; on the store's own disk if possible."""
        try:
            if self.folder is None:
                path = Path(tempfile.mkdtemp(prefix=owner_prefix()))
            else:
                path = self.folder / SCRATCH / uuid4().hex
                path.mkdir(parents=True)
        except OSError as e:
            raise self._fault(SCRATCH, "written", e) from e
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)

    def require_writable(self, what: str) -> None:
        """Raise RobotVisionError in one line where nothing can be written."""
        name = f".probe-{uuid4().hex}"
        try:
            self.write(name, b"robotvision")
            self.fs.rm_file(self.place(name))
        except (RobotVisionError, OSError) as e:
            reason = e.strerror if isinstance(e, OSError) else _reason(e)
            raise RobotVisionError(
                f"{self.url}: {what} cannot be written there ({reason}); name a folder that can"
            ) from e

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for one sweep at a time (local folders only).

        Raises
        ------
        RobotVisionError
            Another sweep writes there now.
        """
        if self.folder is None:
            yield
            return
        with open(self.folder / ".lock", "w", encoding="ascii") as f:
            try:
                fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as e:
                raise RobotVisionError(
                    f"{self.folder}: another sweep is writing there; wait for it, or give "
                    "another --out"
                ) from e
            shutil.rmtree(self.folder / SCRATCH, ignore_errors=True)
            yield

    def _fault(self, name: str, verb: str, e: OSError) -> RobotVisionError:
        fault = RobotVisionError(f"{self.shown(name)}: cannot be {verb} ({e.strerror or e})")
        fault.__cause__ = e
        return fault


def _reason(e: BaseException) -> str:
    cause = e.__cause__
    return str(cause.strerror or cause) if isinstance(cause, OSError) else str(e)


class Vectors:
    """Extracted vectors in a store, with a local copy of what is used.

    Parameters
    ----------
    store : Store
        Where they are stored.
    mirror : Path
        A local folder: the store's own where it is local.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        if store.folder is not None:
            self.mirror = store.folder / FEATURES
        else:
            self._own = owned_folder()
            self.mirror = Path(self._own.name)

    def fetch(self, key: str) -> Path | None:
        """Return the local file of some vectors, None where there are none."""
        path = self.mirror / f"{key}.npy"
        if path.exists():
            return path
        content = None if self.store.folder else self.store.read(f"{FEATURES}/{key}.npy")
        if content is None:
            return None
        path.write_bytes(content)
        return path

    def push(self, key: str) -> None:
        """Store the vectors that extraction wrote into the mirror. Raises RobotVisionError."""
        if self.store.folder is None:
            self.store.put_file(self.mirror / f"{key}.npy", f"{FEATURES}/{key}.npy")
