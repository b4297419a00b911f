"""Tables of a data set in Parquet files: read row group by row group, and images kept in cells.

An image in a cell is ``{bytes, path}`` as the library `datasets` writes it, or the bytes alone.
Reading one loads its column of its row group; the last few are held, so memory is bound by a few
row groups of one column.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.data.images import decode_color
from robotvision.errors import Fault, FrameError, InputFaults, MissingExtraError
from robotvision.records import frozen

HELD_GROUPS = 4
"""Row groups of an image column that are held: those in use by a few frames read at a time."""

_KEPT = (b"\xff\xd8\xff", b"\x89PNG")


@dataclass(slots=True, eq=False)
class ParquetTable:
    """A Parquet file; may be used by several threads and pickled (it is opened anew)."""

    path: Path
    _file: Any = field(default=None, repr=False)
    _held: OrderedDict[tuple[str, int], Any] = field(default_factory=OrderedDict, repr=False)
    _lock: Any = field(default_factory=threading.RLock, repr=False)

    def __reduce__(self) -> tuple[type[ParquetTable], tuple[Path]]:
        return ParquetTable, (self.path,)

    def open(self) -> Any:
        """Return the pyarrow file, opened on first use. Raises InputFaults, MissingExtraError."""
        with self._lock:
            if self._file is None:
                self._file = _open(self.path)
            return self._file

    def require(self, *columns: str) -> None:
        """Raise InputFaults where one of the columns is not there."""
        names = self.open().schema_arrow.names
        if missing := [c for c in columns if c not in names]:
            raise InputFaults(Fault(self.path, f"expected the column {missing[0]!r}"))

    def groups(self, columns: Sequence[str]) -> Iterator[tuple[int, int, dict[str, list[Any]]]]:
        """Yield (number, rows in it, values by column) of each row group. Raises InputFaults."""
        import pyarrow as pa

        file = self.open()
        for group in range(file.num_row_groups):
            n_rows = file.metadata.row_group(group).num_rows
            try:
                table = file.read_row_group(group, columns=list(columns))
            except (pa.ArrowException, OSError) as e:
                raise _broken(self.path, e) from e
            yield group, n_rows, {c: table.column(c).to_pylist() for c in columns}

    def cell(self, column: str, group: int, row: int, where: str) -> bytes:
        """Return the bytes of an image's cell. Raises FrameError."""
        import pyarrow as pa

        with self._lock:
            key = (column, group)
            values = self._held.get(key)
            if values is None:
                try:
                    values = self.open().read_row_group(group, columns=[column]).column(0)
                except (pa.ArrowException, OSError, InputFaults) as e:
                    raise FrameError(f"{where}: the row group cannot be read ({e})") from e
                self._held[key] = values
                while len(self._held) > HELD_GROUPS:
                    self._held.popitem(last=False)
            self._held.move_to_end(key)
            value = values[row].as_py()
        raw = value.get("bytes") if isinstance(value, dict) else value
        if not isinstance(raw, bytes):
            raise FrameError(f"{where}: no image in the cell")
        return raw


@dataclass(frozen=True, slots=True)
class ParquetImage:
    """An image in a cell of a Parquet file."""

    table: ParquetTable
    column: str
    group: int
    row: int

    @property
    def where(self) -> str:
        """The file's path, the column and the row."""
        return f"{self.table.path}[{self.column} {self.group}:{self.row}]"

    def read(self) -> NDArray[np.uint8]:
        """Decode it. Raises FrameError."""
        return frozen(decode_color(self._raw(), self.where))

    def encoded(self) -> bytes | None:
        """Return the JPEG or PNG that the cell holds, None for others. Raises FrameError."""
        raw = self._raw()
        return raw if raw.startswith(_KEPT) else None

    def digest(self) -> bytes:
        """Return a digest of the cell's bytes. Raises FrameError."""
        return hashlib.blake2b(self._raw(), digest_size=16).digest()

    def _raw(self) -> bytes:
        return self.table.cell(self.column, self.group, self.row, self.where)


def is_image_column(type_: Any) -> bool:
    """Return whether a column of an Arrow type can hold images: ``{bytes, path}``, or bytes."""
    import pyarrow as pa

    if pa.types.is_struct(type_):
        return {type_.field(i).name for i in range(type_.num_fields)} == {"bytes", "path"}
    return bool(pa.types.is_binary(type_) or pa.types.is_large_binary(type_))


def _open(path: Path) -> Any:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as e:
        raise MissingExtraError(
            f"{path}: reading Parquet needs pyarrow; install it with: "
            "pip install 'robotvision[parquet]'"
        ) from e
    try:
        return pq.ParquetFile(path, pre_buffer=False)
    except (pa.ArrowException, OSError) as e:
        raise _broken(path, e) from e


def _broken(path: Path, e: Exception) -> InputFaults:
    reason = (str(e).splitlines() or [type(e).__name__])[0]
    return InputFaults(Fault(path, f"not a Parquet file that can be read ({reason})"))
