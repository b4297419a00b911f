"""The table: Parquet, sorting, pivots, comparisons, the page; and what may be quoted."""

from __future__ import annotations

import html
import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from robotvision.cluster.cores import not_quotable, own_cores
from robotvision.errors import RobotVisionError
from robotvision.sweep.page import build_page
from robotvision.sweep.progress import time_left
from robotvision.sweep.rows import Row, empty_row
from robotvision.sweep.table import (
    SweepTable,
    best,
    find_row,
    parquet,
    pivot,
    read_table,
    sorted_rows,
)

Grid = Callable[..., Path]
Sweep = Callable[..., object]


def row(key: str, a: object, b: object, points: float | None) -> Row:
    made = empty_row(key, {}, "failed" if points is None else "done")
    del made["keys"]
    if points is None:
        made["error"] = "<b>broken</b>"
    else:
        made |= {
            "points": points,
            "max_points": 10.0,
            "frames": 10,
            "correct": 1,
            "wrong": 2,
            "points_per_frame": points / 10,
            "latency_p50_ns": 2_000_000,
            "unanswered": 7,
            "late": 0,
            "skipped": 0,
            "failed": 0,
        }
    return {"config_hash": key, "a": a, "b": b, **made}


@pytest.fixture
def table() -> SweepTable:
    """Return two keys with two values each; one run failed."""
    rows = [
        row("aa1", "x", 1, 3.0),
        row("aa2", "x", "auto", 5.0),
        row("bb3", "y", 1, None),
        row("cc4", "y", "auto", 1.0),
    ]
    return SweepTable("g.yaml", ["a", "b"], rows)


def test_parquet_holds_every_column(table: SweepTable) -> None:
    """Keys of mixed kinds become text, missing numbers stay missing."""
    import pyarrow.parquet as pq

    read = pq.read_table(io.BytesIO(parquet(table)))
    assert read.column("b").to_pylist() == ["1", "auto", "1", "auto"]
    assert read.column("points").to_pylist() == [3.0, 5.0, None, 1.0]
    assert read.column("status").to_pylist() == ["done", "done", "failed", "done"]
    assert json.loads(read.schema.metadata[b"robotvision"])["keys"] == ["a", "b"]
    wanted = {
        "config_hash",
        "points_per_frame",
        "correct",
        "latency_p99_ns",
        "quotable",
        "robotvision",
        "answers_digest",
        "data_digest",
        "error",
    }
    assert wanted <= set(read.column_names)


def test_sorted_and_best(table: SweepTable) -> None:
    """Largest first, what has no value last; the best are finished runs."""
    keys = [r["config_hash"] for r in sorted_rows(table, "points")]
    assert keys == ["aa2", "aa1", "cc4", "bb3"]
    assert [r["config_hash"] for r in best(table, 2)] == ["aa2", "aa1"]
    with pytest.raises(RobotVisionError, match="'point': no such column; did you"):
        sorted_rows(table, "point")


def test_a_pivot_is_the_mean_of_finished_runs(table: SweepTable) -> None:
    """A failed run counts for nothing."""
    found = pivot(table, "a", "b", "points")
    assert found.cells == {("x", 1): 3.0, ("x", "auto"): 5.0, ("y", "auto"): 1.0}
    with pytest.raises(RobotVisionError, match="expected a column of numbers"):
        pivot(table, "a", "b", "status")


def test_a_row_is_named_by_number_or_hash(table: SweepTable) -> None:
    """From 1 in the table's order, or by the beginning of its hash where that is enough."""
    assert find_row(table, "2")["config_hash"] == "aa2"
    assert find_row(table, "cc")["config_hash"] == "cc4"
    with pytest.raises(RobotVisionError, match="2 rows begin so"):
        find_row(table, "aa")
    with pytest.raises(RobotVisionError, match="no such row; give a number from 1 to 4"):
        find_row(table, "9")


def test_the_page_stands_alone(table: SweepTable) -> None:
    """Nothing is fetched, text is escaped, unquotable latencies are marked, every run is there."""
    page = build_page(table)
    assert "default-src 'none'" in html.unescape(page)
    assert not re.search(r'(?:src|href)="(?!#|data:|http://127\.0\.0\.1:8787/\?q=)', page)
    assert "<b>broken</b>" not in page
    assert "&lt;b&gt;broken&lt;/b&gt;" in page
    assert page.count("2.00*") == 3  # p50; so few frames give no p90
    assert page.count("<figure>") == 2
    assert page.count('<circle class="run"') == 6
    for row in table.rows:  # what is done leads to the viewer
        link = f'<a href="http://127.0.0.1:8787/?q={row["config_hash"]}">'
        assert (link in page) == (row["status"] == "done")
        assert row["config_hash"] in page


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({}, ""),
        ({"exclusive": False}, "run inside a sweep on shared cores"),
        ({"threads_of_worker": 4}, "the worker does 4 tasks at a time"),
        ({"shared_with": "tcp://x:1"}, "the worker shares its cores with tcp://x:1"),
        ({"others_share": 0.2}, "other processes took 20% of the cores' time"),
        ({"others_share": None}, "the load of the cores is not known here"),
    ],
)
def test_a_latency_is_quotable_only_with_cores_to_itself(
    facts: dict[str, object], reason: str
) -> None:
    """Whatever else ran on the cores is a reason not to quote."""
    whole = {"exclusive": True, "shared_with": "", "threads_of_worker": 1, "others_share": 0.0}
    assert not_quotable(**{**whole, **facts}) == reason  # type: ignore[arg-type]


def test_local_workers_have_cores_of_their_own() -> None:
    """No core twice, the first one left to the scheduler."""
    taken = [own_cores(i, range(8), 2) for i in range(3)]
    assert sorted(c for cores in taken for c in cores) == [1, 2, 3, 4, 5, 6]


def test_the_time_left_goes_by_the_slowest_kind() -> None:
    """A tenth of the runs done in 10 s leaves 90 s; before the first run nothing is said."""
    assert (
        time_left({"extract": 2, "run": 100}, {"extract": 2, "run": 10}, 10) == "about 2 min left"
    )
    assert time_left({"run": 100}, {"run": 0}, 10) == ""
    assert time_left({"run": 2}, {"run": 2}, 10) == ""


def test_an_exclusive_sweep_times_and_show_compares(
    grid: Grid,
    robotvision: Callable[..., object],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Threads pinned, frames extracted live; a plain sweep's row does not stand for a timed one."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"):
        monkeypatch.delenv(name, raising=False)  # the sweep is to pin them
    path, out = grid("grid: {classifier.C: [0.01, 10]}"), tmp_path / "o"
    assert robotvision(path, "--out", out, "--workers", 1).returncode == 0  # type: ignore[attr-defined]
    from robotvision.cluster.store import Store

    plain = read_table(Store(str(out))).rows
    assert [r["latency_p50_ns"] for r in plain] == [None, None]
    assert {r["latency_note"] for r in plain} == {
        "features were looked up, not extracted: no latency"
    }
    timed = robotvision(path, "--out", out, "--exclusive", "--json")
    assert json.loads(timed.stdout)["skipped"] == 0  # type: ignore[attr-defined]
    rows = read_table(Store(str(out))).rows
    assert [r["answers_digest"] for r in rows] == [r["answers_digest"] for r in plain]
    assert all(r["latency_p50_ns"] > 0 and r["exclusive"] for r in rows)
    assert all(r["quotable"] == (r["latency_note"] == "") for r in rows)
    report = json.loads((out / "runs" / rows[0]["config_hash"] / "report.json").read_text())
    assert set(report["environment"]["threads"].values()) == {1}
    assert report["environment"]["cores_usable"] == 1
    shown = robotvision("show", out, "--compare", 1, 2, "--json")
    found = json.loads(shown.stdout)["comparison"]  # type: ignore[attr-defined]
    assert found["frames"] == 18
    assert found["difference"] == found["points"][0] - found["points"][1]
    assert found["low"] <= found["difference"] <= found["high"]
    nowhere = robotvision("show", tmp_path)
    assert nowhere.returncode == 2  # type: ignore[attr-defined]
    assert "holds no sweep" in nowhere.stderr  # type: ignore[attr-defined]
