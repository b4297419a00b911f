"""Logs of answers as runs: round trips, times, what is refused, which rules apply."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from robotvision.api.gate import gate
from robotvision.api.import_log import import_run
from robotvision.api.run import read_run
from robotvision.cli.group import robotvision
from robotvision.errors import RobotVisionError
from robotvision.report.export import export
from robotvision.scoring.policy import POLICIES
from tests.fixtures.runs import task

MakeRun = Callable[..., Path]
N = 18
POINTS = {
    "room": {"correct": 1, "wrong": -0.5, "unanswered": 0},
    "objects": {
        "stated_present": {"present": 1, "absent": -0.125},
        "stated_absent": {"present": -0.125, "absent": 0},
        "not_stated": {"present": -0.125, "absent": 0},
    },
}


def write(path: Path, header: str, rows: Sequence[Sequence[Any]], delimiter: str = ",") -> Path:
    """Write a table."""
    with open(path, "w", newline="") as f:
        table = csv.writer(f, delimiter=delimiter)
        table.writerow(header.split(","))
        table.writerows(rows)
    return path


@pytest.fixture
def walk(tour: Callable[..., Path], tmp_path: Path) -> Path:
    """Return a sequence of three rooms, ten frames a second."""
    return tour(tmp_path / "walk", n_each=N // 3)


def test_an_exported_run_comes_back_with_its_points_and_its_run_file(
    config: Callable[..., Path], tmp_path: Path
) -> None:
    """Under every late-frame rule; the run file is the same to the byte."""
    first = tmp_path / "first"
    CliRunner().invoke(robotvision, ["run", str(config()), "--out", str(first)])
    run = read_run(first)
    table = tmp_path / "first.csv"
    assert export(run.columns, "csv", table) == []
    train, test = tmp_path / "train", tmp_path / "test"
    again = import_run(test, table, folder=tmp_path / "again", train=train)
    assert (tmp_path / "again/run.txt").read_bytes() == (first / "run.txt").read_bytes()
    assert again.score.points == run.score.points
    assert again.report["latency_ns"]["total"] == run.report["latency_ns"]["total"]
    for policy in POLICIES:
        both = [r.rescore(policy, rate_hz=300).report for r in (run, again)]
        for key in ("points", "interval", "outcomes", "overruns", "taken"):
            assert both[0][key] == both[1][key], (policy, key)
    assert gate(again, against=run, margin=0).exit_code == 0


def test_objects_and_faults_come_back(make_run: MakeRun, tmp_path: Path) -> None:
    rules = {"objects": ["Chair", "Trash"], "points": POINTS}
    about = {"task": {**task(), **rules}}
    run = read_run(make_run(faults={4: "broken pipe"}, objects=("Chair",), about=about))
    export(run.columns, "csv", tmp_path / "x.csv")
    again = import_run(tmp_path / "walk", tmp_path / "x.csv", task=run.task)
    assert again.score.points == run.score.points
    assert again.score.outcomes == run.score.outcomes
    assert again.score.outcomes["failed"] == 1
    assert again.answers == run.answers
    assert any(a.objects for a in again.answers.values() if a)


def test_times_are_a_frame_s_own_or_the_nearest_one_s(walk: Path, tmp_path: Path) -> None:
    rows = [(f"{0.1 * k + (0.03 if k % 2 else 0):.3f}", "Kitchen", 12.5) for k in range(0, N, 3)]
    path = write(tmp_path / "log.tsv", "stamp,where,took_ms", rows, "\t")
    columns = {"time": "stamp", "room": "where", "latency": "took_ms"}
    run = import_run(walk, path, options={"columns": columns})
    given = {k: a.room for k, a in run.answers.items() if a and a.room}
    assert list(given) == [k + min(run.answers) for k in range(0, N, 3)]
    (note,) = [w["message"] for w in run.report["warnings"]]
    assert note == (
        "walk: 3 times are a frame's own, 3 were taken for the nearest frame, 30 ms off at most"
    )
    assert run.score.outcomes["unanswered"] == N - len(given)
    assert run.report["latency_ns"]["total"]["p50"] == 12_500_000
    held = run.rescore("streaming").score.outcomes
    assert held["unanswered"] < N - len(given)  # a frame without a line holds the last answer


def test_units_are_read_off_the_column_or_given(walk: Path, tmp_path: Path) -> None:
    for header, time, options in (
        ("time_ms,room", 100, {}),
        ("timestamp_ns,room", 100_000_000, {}),
        ("t,room", "1e-1", {}),
        ("time,room", 100_000, {"units": {"time": "us"}}),
    ):
        path = write(tmp_path / "log.csv", header, [(time, "Hall")])
        answers = import_run(walk, path, options=options).answers
        assert [a.room for a in answers.values() if a][:2] == [None, "Hall"]


def test_without_latencies_only_offline_applies(walk: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "frame,room", [(k, "Hall") for k in range(N)])
    run = import_run(walk, path, folder=tmp_path / "run")
    assert run.policies == ("offline",)
    assert run.rescore("offline").score.points == run.score.points
    assert [w["code"] for w in run.report["warnings"]] == ["no-latency"]
    for policy in set(POLICIES) - {"offline"}:
        with pytest.raises(RobotVisionError, match=r"18 answers have no latency.*only offline"):
            run.rescore(policy)
    done = CliRunner().invoke(robotvision, ["rescore", str(tmp_path / "run"), "--json"])
    assert json.loads(done.output[done.output.index("{") :])["policy"]["name"] == "offline"
    assert CliRunner().invoke(robotvision, ["report", str(tmp_path / "run")]).exit_code == 0


@pytest.mark.parametrize(
    ("header", "rows", "words"),
    [
        ("frame,room", [(1, "Cellar"), (2, "Hall"), (3, "Cellar")], "2 lines: a room outside"),
        ("frame,room", [(1, "Hall"), (99, "Hall"), (98, "Hall")], "2 lines: no such frame"),
        ("frame,room", [(1, "Hall"), (1, "Hall")], "1 line: a frame that is answered twice"),
        ("time,room", [(0.1, "Hall"), (0.11, "Hall")], "1 line: a frame that is answered twice"),
        ("time,room", [(77, "Hall")], r"no frame of walk within half a period, 50 ms; its"),
        ("frame,room,latency", [(1, "Hall", 3), (2, "Hall", "")], "1 of 2 answers have no lat"),
        ("frame,room,latency", [(1, "Hall", -3)], "below 0"),
        ("frame,room,latency", [(1, "Hall", "nan")], "latency: expected a number"),
        ("frame,room,confidence", [(1, "Hall", 7)], "confidence: expected a number from 0 to 1"),
        ("frame,room", [("x", "Hall")], "frame: expected a whole number"),
        ("frame,room", [("", "Hall")], "neither a frame nor a time"),
        ("frame,room", [(1,)], "expected 2 cells"),
        ("frame,index,room", [(1, 1, "Hall")], "both name the frame"),
        ("fram,room", [(1, "Hall")], "expected a first line with the columns"),
        ("frame,room", [], "no answers in it"),
        ("frame,room,sequence", [(1, "Hall", "drive")], "no sequence of that name"),
    ],
)
def test_a_fault_is_told_by_kind_with_its_first_line(
    walk: Path, tmp_path: Path, header: str, rows: list[Any], words: str
) -> None:
    path = write(tmp_path / "a.csv", header, rows)
    with pytest.raises(RobotVisionError, match=words) as caught:
        import_run(walk, path)
    assert len(caught.value.lines()) == 1
    assert str(path) in str(caught.value)


def test_lines_that_answer_no_frame_may_be_dropped(walk: Path, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "frame,room", [(1, "Hall"), (99, "Hall")])
    run = import_run(walk, path, options={"drops_unmatched": True})
    assert "left out: 1 line: no such frame in walk (frame 99)" in str(run.report["warnings"])
    none = write(tmp_path / "b.csv", "frame,room", [(99, "Hall")])
    with pytest.raises(RobotVisionError, match="no such frame"):
        import_run(walk, none, options={"drops_unmatched": True})


def test_several_sequences_by_name(tour: Callable[..., Path], tmp_path: Path) -> None:
    drives = [tour(tmp_path / name, n_each=2) for name in ("a", "b")]
    rows = [(name, k, "Hall", 5) for name in ("a", "b") for k in range(6)]
    path = write(tmp_path / "x.csv", "sequence,frame,room,latency", rows)
    run = import_run(drives, path)
    assert [len(s.frames) for s in run.record.sequences] == [6, 6]
    bare = write(tmp_path / "y.csv", "frame,room", [(1, "Hall")])
    with pytest.raises(RobotVisionError, match="which sequence is not said"):
        import_run(drives, bare)
