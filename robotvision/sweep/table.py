"""The table: a row a run, as Parquet; read, sorted, pivoted, two rows compared.

Columns: ``config_hash``, the keys of the grid, ``status``, ``error``, ``points``, ``max_points``,
``points_per_frame``, ``frames``, the six outcomes, ``latency_*_ns`` with ``quotable`` and
``latency_note``, versions, digests, ``run_dir``.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from robotvision.cluster.store import RUNS, Store
from robotvision.errors import MissingExtraError, RobotVisionError, near
from robotvision.report.columns import load_runs
from robotvision.report.html.compare import shared_bounds, shared_frames
from robotvision.report.html.payload import align
from robotvision.scoring.intervals import Interval, difference
from robotvision.sweep.plan import Plan
from robotvision.sweep.rows import DONE, PENDING, Row, empty_row, read_rows

TABLE, PLAN = "results.parquet", "plan.json"


@dataclass(frozen=True, slots=True)
class SweepTable:
    """Rows of a sweep, keys of the grid in ``row[key]`` beside the other columns.

    Parameters
    ----------
    name : str
        The grid file's.
    keys : list of str
        What the runs differ in.
    rows : list of dict
        In the order of the grid. Runs of an earlier grid stay in the store, and are in the table
        again where the grid asks for them again.
    """

    name: str
    keys: list[str]
    rows: list[Row]

    @property
    def columns(self) -> list[str]:
        """Every column, in order."""
        return list(dict.fromkeys(c for row in self.rows for c in row))

    @property
    def done(self) -> list[Row]:
        """The rows of finished runs, in order."""
        return [r for r in self.rows if r["status"] == DONE]

    def values(self, column: str) -> list[Any]:
        """Return the different values of a column, in order."""
        return list(dict.fromkeys(r.get(column) for r in self.rows))

    def n_values(self, key: str) -> int:
        """Return how many different values a key has, lists and mappings among them."""
        return len({str(r.get(key)) for r in self.rows})


def write_plan(store: Store, plan: Plan) -> None:
    """Write the order and the cells of the runs. Raises RobotVisionError."""
    store.write(PLAN, json.dumps(_about(plan), ensure_ascii=False, indent=1).encode())


def _about(plan: Plan) -> dict[str, Any]:
    return {
        "schema": 1,
        "grid": plan.path.name,
        "keys": plan.columns,
        "limit": plan.limit,
        "runs": [{"config_hash": r.key, "keys": dict(r.shown)} for r in plan.runs],
    }


def assemble(about: Mapping[str, Any], rows: Mapping[str, Row]) -> SweepTable:
    """Return the table of a plan and the rows finished so far.

    Parameters
    ----------
    about : Mapping
        What `write_plan` keeps.
    rows : Mapping[str, Row]
        By hash.
    """
    keys = list(about["keys"])
    flat = []
    for run in about["runs"]:
        key, cells = run["config_hash"], run["keys"]
        row = dict(rows.get(key) or empty_row(key, cells, PENDING))
        for extra in ("keys", "traceback"):
            row.pop(extra, None)
        flat.append({"config_hash": key, **{k: cells.get(k) for k in keys}, **row})
    return SweepTable(str(about["grid"]), keys, flat)


def write_table(store: Store, plan: Plan, rows: Mapping[str, Row]) -> None:
    """Write ``results.parquet``, whole or not at all. Raises RobotVisionError."""
    store.write(TABLE, parquet(assemble(_about(plan), rows)))


def parquet(table: SweepTable) -> bytes:
    """Return the table as a Parquet file; a column of mixed kinds becomes text."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as e:
        raise MissingExtraError(
            "sweep: pyarrow is not installed; pip install 'robotvision[cluster]'"
        ) from e
    arrays = {}
    for name in table.columns:
        values = [row.get(name) for row in table.rows]
        kinds = {type(v) for v in values if v is not None}
        if kinds == {int, float}:
            values = [None if v is None else float(v) for v in values]
        elif len(kinds) > 1:
            values = [None if v is None else str(v) for v in values]
        arrays[name] = pa.array(values) if kinds else pa.array(values, pa.string())
    about = {b"robotvision": json.dumps({"grid": table.name, "keys": table.keys}).encode()}
    sink = io.BytesIO()
    pq.write_table(pa.table(arrays).replace_schema_metadata(about), sink)
    return sink.getvalue()


def read_table(store: Store) -> SweepTable:
    """Return the table as far as the sweep got, even where it still runs or was killed.

    Raises
    ------
    RobotVisionError
        The store holds no sweep.
    """
    content = store.read(PLAN)
    if content is None:
        raise RobotVisionError(
            f"{store.url}: holds no sweep (no {PLAN}); give the folder that robotvision sweep wrote"
        )
    return assemble(json.loads(content), read_rows(store))


def sorted_rows(table: SweepTable, column: str, *, descending: bool = True) -> list[Row]:
    """Return the rows by a column; empty cells last. Raises RobotVisionError."""
    require_column(table, column)
    known = [r for r in table.rows if r.get(column) is not None]
    is_number = all(isinstance(r[column], (int, float)) for r in known)
    known.sort(key=lambda r: r[column] if is_number else str(r[column]), reverse=descending)
    return known + [r for r in table.rows if r.get(column) is None]


def require_column(table: SweepTable, column: str) -> None:
    """Raise RobotVisionError where the table has no such column."""
    if column not in table.columns:
        raise RobotVisionError(
            f"{column!r}: no such column{near(column, table.columns)}; columns: "
            f"{', '.join(table.columns)}"
        )


@dataclass(frozen=True, slots=True)
class Pivot:
    """Means of a column by two keys; ``cells`` is by (row label, column label)."""

    down: str
    across: str
    value: str
    rows: list[Any]
    columns: list[Any]
    cells: Mapping[tuple[Any, Any], float]
    counts: Mapping[tuple[Any, Any], int]


def pivot(table: SweepTable, down: str, across: str, value: str = "points_per_frame") -> Pivot:
    """Return the mean of ``value`` over the finished runs of each pair of values of two keys.

    Raises
    ------
    RobotVisionError
        A column is not there, or ``value`` holds no numbers.
    """
    for column in (down, across, value):
        require_column(table, column)
    groups: dict[tuple[Any, Any], list[float]] = {}
    for row in table.rows:
        number = row.get(value)
        if isinstance(number, str):
            raise RobotVisionError(f"{value!r}: expected a column of numbers to take the mean of")
        if row["status"] == DONE and number is not None:
            groups.setdefault((row.get(down), row.get(across)), []).append(float(number))
    rows = table.values(down)
    columns = table.values(across)
    return Pivot(
        down,
        across,
        value,
        rows,
        columns,
        {k: fmean(v) for k, v in groups.items()},
        {k: len(v) for k, v in groups.items()},
    )


def find_row(table: SweepTable, name: str) -> Row:
    """Return a row by its number from 1 or the beginning of its hash. Raises RobotVisionError."""
    if name.isdigit() and 1 <= int(name) <= len(table.rows):
        return table.rows[int(name) - 1]
    matches = [r for r in table.rows if name and r["config_hash"].startswith(name)]
    if len(matches) != 1:
        what = "no such row" if not matches else f"{len(matches)} rows begin so"
        raise RobotVisionError(
            f"{name!r}: {what}; give a number from 1 to {len(table.rows)} or the beginning of a "
            "hash"
        )
    return matches[0]


@dataclass(frozen=True, slots=True)
class SweepComparison:
    """Two runs on the frames both were scored on, paired by room visit.

    ``difference`` is how many points more the first earned.
    """

    first: Row
    second: Row
    frames: int
    points: tuple[float, float]
    difference: Interval


def compare(store: Store, first: Row, second: Row) -> SweepComparison:
    """Return the paired difference of two finished runs.

    Raises
    ------
    RobotVisionError
        One is not done, or they share no frame with a known truth.
    """
    import tempfile

    for row in (first, second):
        if row["status"] != DONE:
            raise RobotVisionError(f"{row['config_hash']}: not done, so nothing to compare")
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for i, row in enumerate((first, second)):
            own = Path(folder) / str(i)
            own.mkdir()
            paths.append(store.get_folder(f"{RUNS}/{row['config_hash']}", own))
        runs = load_runs(paths)
    at, _ = shared_frames(runs, align(runs))
    if not len(at[0]):
        raise RobotVisionError(
            "the two runs share no frame: only runs over the same test sequences compare"
        )
    points = [run.points[i] for run, i in zip(runs, at, strict=True)]
    bounds = shared_bounds(runs, at)
    interval = difference(points[0], points[1], runs[0].visit[at[0]], bounds=bounds)
    sums = (float(points[0].sum()), float(points[1].sum()))
    return SweepComparison(first, second, len(at[0]), sums, interval)


def best(table: SweepTable, n: int, column: str = "points_per_frame") -> Sequence[Row]:
    """Return the ``n`` best finished runs. Raises RobotVisionError."""
    return [r for r in sorted_rows(table, column) if r["status"] == DONE][:n]
