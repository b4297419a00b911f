"""ROS 2 recordings in SQLite (``.db3``), read row by row.

Headers are read through SQLite's incremental blobs, which touch only the first page of an image.
"""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterable
from pathlib import Path

from robotvision.data.bags.storage import MAX_CHUNK_BYTES, Ref, Topic, broken


class SqliteFiles:
    """The open files of one recording.

    ``unpack`` turns a stored message into its bytes, where messages are compressed one by one.
    """

    def __init__(self, files: list[Path], unpack: Callable[[bytes], bytes] | None = None) -> None:
        self.unpack = unpack
        self.warnings: list[str] = []
        self._lock = threading.Lock()
        self._files: list[sqlite3.Connection] = []
        for f in files:
            self._files.append(_open(f))
            weakref.finalize(self, self._files[-1].close)
        self._ids: dict[str, list[tuple[int, int]]] = {}
        self.topics: dict[str, Topic] = {}
        starts = []
        for n, (file, db) in enumerate(zip(files, self._files, strict=True)):
            try:
                self._list(n, db)
                starts += [t for (t,) in db.execute("SELECT min(timestamp) FROM messages") if t]
            except sqlite3.Error as e:
                raise broken(file, f"not a ROS 2 recording in SQLite ({e})") from e
        self.start_ns = min(starts, default=None)

    def _list(self, n: int, db: sqlite3.Connection) -> None:
        counts = dict(db.execute("SELECT topic_id, count(*) FROM messages GROUP BY topic_id"))
        for i, name, kind, encoding in db.execute(
            "SELECT id, name, type, serialization_format FROM topics"
        ):
            before = self.topics[name].n_messages if name in self.topics else 0
            self.topics[name] = Topic(name, kind, encoding, before + counts.get(i, 0))
            self._ids.setdefault(name, []).append((n, i))

    def refs(self, names: Iterable[str]) -> dict[str, list[Ref]]:
        """Return the places of the messages of topics, in order of log time."""
        query = "SELECT id, timestamp FROM messages WHERE topic_id = ?"
        return {
            name: sorted(
                (
                    Ref(n, 0, row, time_ns)
                    for n, i in self._ids[name]
                    for row, time_ns in self._files[n].execute(query, (i,))
                ),
                key=lambda r: r.log_ns,
            )
            for name in names
        }

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
