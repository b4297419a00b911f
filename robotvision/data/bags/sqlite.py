"""ROS 2 recordings in SQLite (``.db3``), read row by row.

Headers are read through SQLite's incremental blobs, which touch only the first page of an image.
"""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from robotvision.data.bags.storage import MAX_CHUNK_BYTES, Ref, Topic, broken


class SqliteFiles:
    """The open files of one recording.

    ``unpack`` turns a stored message into its bytes, where messages are compressed one by one.
    """

    def __init__(self, files: list[Path], unpack: Callable[[bytes], bytes] | None = None) -> None:
        self.unpack = unpack
        self.warnings: list[str] = []
        self._paths = files
        self._lock = threading.Lock()
        self._files: list[sqlite3.Connection] = []
        for f in files:
            self._files.append(_open(f))
            weakref.finalize(self, self._files[-1].close)
        self._ids: dict[str, list[tuple[int, int]]] = {}
        self.topics: dict[str, Topic] = {}
        starts = []
        for n, (file, db) in enumerate(zip(files, self._files, strict=True)):
            with _reading(file):
                self._list(n, db)
                query = "SELECT min(timestamp) FROM messages HAVING count(*) > 0"
                starts += [t for (t,) in _rows(db, query, int) if t]
        self.start_ns = min(starts, default=None)

    def _list(self, n: int, db: sqlite3.Connection) -> None:
        counted = "SELECT topic_id, count(*) FROM messages GROUP BY topic_id"
        counts = dict(_rows(db, counted, int, int))
        listed = "SELECT id, name, type, serialization_format FROM topics"
        for i, name, kind, encoding in _rows(db, listed, int, str, str, str):
            before = self.topics[name].n_messages if name in self.topics else 0
            self.topics[name] = Topic(name, kind, encoding, before + counts.get(i, 0))
            self._ids.setdefault(name, []).append((n, i))

    def refs(self, names: Iterable[str]) -> dict[str, list[Ref]]:
        """Return the places of the messages of topics, in order of log time. Raises InputFaults."""
        return {name: sorted(self._refs(name), key=lambda r: r.log_ns) for name in names}

    def _refs(self, name: str) -> Iterator[Ref]:
        query = "SELECT id, timestamp FROM messages WHERE topic_id = ?"
        for n, i in self._ids[name]:
            with _reading(self._paths[n]):
                for row, time_ns in _rows(self._files[n], query, int, int, of=(i,)):
                    yield Ref(n, 0, row, time_ns)

    def read(self, ref: Ref, size: int | None = None) -> bytes:
        """Return a message's bytes, or the first ``size`` of them."""
        with self._lock:
            db = self._files[ref.file]
            if size is not None and self.unpack is None:
                with db.blobopen("messages", "data", ref.offset, readonly=True) as blob:
                    return blob.read(min(size, len(blob)))
            row = db.execute("SELECT data FROM messages WHERE id = ?", (ref.offset,)).fetchone()
        data = bytes(row[0]) if self.unpack is None else self.unpack(row[0])
        return data if size is None else data[:size]


def _rows(
    db: sqlite3.Connection, query: str, *kinds: type, of: tuple[int, ...] = ()
) -> Iterator[tuple[Any, ...]]:
    """Yield rows of these types; ValueError for others, since SQLite holds any in any column."""
    for row in db.execute(query, of):
        if not all(map(isinstance, row, kinds)):
            types = ", ".join(type(value).__name__ for value in row)
            raise ValueError(
                f"{query}: expected {', '.join(k.__name__ for k in kinds)}, got {types}"
            )
        yield row


@contextmanager
def _reading(file: Path) -> Iterator[None]:
    """Raise InputFaults for what SQLite says of a broken file, even where that is no text."""
    try:
        yield
    except (sqlite3.Error, ValueError) as e:
        raise broken(file, f"not a ROS 2 recording in SQLite ({e})") from e


def _open(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        raise broken(path, "no such file, though metadata.yaml names it")
    uri = f"{path.resolve().as_uri()}?mode=ro"
    try:
        db = sqlite3.connect(uri, uri=True, check_same_thread=False)
        db.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_CHUNK_BYTES)
    except sqlite3.Error as e:
        raise broken(path, f"cannot be opened ({e})") from e
    return db
