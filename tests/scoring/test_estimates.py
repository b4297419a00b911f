"""Points of scored frames with their interval: the bounds of each frame are those of its truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from robotvision.records import Truth
from robotvision.scoring.estimates import frame_bounds, points_interval
from robotvision.scoring.intervals import interval
from robotvision.scoring.judging import score
from robotvision.scoring.points import PointsTable
from robotvision.submissions.checker import require_run
from robotvision.submissions.table import judged, truth_frames
from robotvision.submissions.truthfile import read_truth
from robotvision.tasks import load_task

TRUTH = "index,room,objects\n0,Corridor,Chair;Screen\n1,Corridor,\n2,Hall,Trash\n3,Hall,\n"


@pytest.mark.parametrize("name", ["imageclef2013", "imageclef2014"])
def test_the_most_a_frame_can_earn_is_the_maximum_of_its_truth(tmp_path, name: str) -> None:
    path = tmp_path / "truth.csv"
    path.write_text(TRUTH)
    task = load_task(name)
    truth = read_truth(path)
    table = truth_frames(task, {"test": truth})
    least, most = frame_bounds(table, task)
    worth = PointsTable(task)
    seen = [{"Chair", "Screen"}, set(), {"Trash"}, set()]
    rooms = ["Corridor", "Corridor", "Hall", "Hall"]
    expected = [worth.maximum(Truth(r, frozenset(o))) for r, o in zip(rooms, seen, strict=True)]
    assert most.tolist() == pytest.approx(expected)
    assert (least < most).all()
    assert least.min() >= worth.bounds[0]


def test_a_perfect_run_with_objects_ends_at_its_own_maximum(tmp_path) -> None:
    """The most of any frame would be too much where fewer objects are in view."""
    (tmp_path / "truth.csv").write_text(TRUTH)
    (tmp_path / "run.txt").write_text("1 Corridor Chair Screen\n2 Corridor\n3 Hall Trash\n4 Hall\n")
    task = load_task("imageclef2013")
    truth = read_truth(tmp_path / "truth.csv")
    check = require_run(tmp_path / "run.txt", task, truth.frames)
    frames = truth_frames(task, {"test": truth})
    table = score(judged(frames, {"test": check}), task)
    found = points_interval(table, task)
    assert found.estimate == table.points.sum()
    assert found.high is not None
    assert found.high <= np.sum(frame_bounds(table, task)[1]) + 1e-9
    assert found.blocks == 2


def test_bounds_by_hand(tmp_path) -> None:
    """2014: room -0.5 to 1; in view -0.25 to 1; out of view -0.25 to 0; of eight objects.

    The screen is none of the task's, so it earns nothing.
    """
    (tmp_path / "truth.csv").write_text(TRUTH)
    truth = read_truth(tmp_path / "truth.csv")
    task = load_task("imageclef2014")
    table = truth_frames(task, {"test": truth})
    assert [b.tolist() for b in frame_bounds(table, task)] == [[-2.5] * 4, [2.0, 1.0, 2.0, 1.0]]
    blind = frame_bounds(table, task, is_blind=True)
    assert [b.tolist() for b in blind] == [[-2.5] * 4, [9.0] * 4]
    uneven = load_task("imageclef2013")  # in view and out of it -0.125 to 0.125
    table = truth_frames(uneven, {"test": truth})
    assert [b.tolist() for b in frame_bounds(table, uneven)] == [[-1.5] * 4, [2.0] * 4]
    rooms = load_task("imageclef2012")
    (tmp_path / "rooms.csv").write_text("index,room\n0,Toilet\n")
    table = truth_frames(rooms, {"test": read_truth(tmp_path / "rooms.csv")})
    assert [b.tolist() for b in frame_bounds(table, rooms)] == [[-1.0], [1.0]]


def test_points_are_those_of_the_frames_with_a_truth_by_visit_or_sequence(tmp_path) -> None:
    task = load_task("imageclef2012")
    names = ("one", "two")
    truths, checks = {}, {}
    rooms = ["Toilet", "Toilet", "Corridor", "Toilet", "Toilet", "PrinterRoom"]
    for name in names:
        path = tmp_path / f"{name}.csv"
        path.write_text("index,room\n" + "".join(f"{i},{r}\n" for i, r in enumerate(rooms)))
        truths[name] = read_truth(path)
        run = tmp_path / f"{name}.txt"
        run.write_text("1 Toilet\n2 Toilet\n3 Toilet\n4 Toilet\n5 Corridor\n6 PrinterRoom\n")
        checks[name] = require_run(run, task, truths[name].frames)
    table = score(judged(truth_frames(task, truths), checks), task)
    visits = points_interval(table, task)
    assert (visits.estimate, visits.blocks) == (4.0, 8)
    sequences = points_interval(table, task, "sequence")
    assert (sequences.estimate, sequences.blocks) == (4.0, 2)
    assert "the 2 sequences weigh like" in sequences.caution
    few = table.select(np.arange(3))
    assert "the 2 room visits weigh like" in points_interval(few, task).caution
    is_hidden = np.arange(len(table)) == 2
    hidden = replace(
        table, truth=np.where(is_hidden, -1, table.truth), points=table.points + is_hidden
    )
    shown = points_interval(hidden, task)
    assert (shown.estimate, shown.blocks) == (5.0, 6)  # the stays before and after are one
    blind = points_interval(table, task, is_blind=True)
    assert (blind.low, blind.high) == (visits.low, visits.high)


def test_an_interval_keeps_to_the_bounds_of_its_frames(tmp_path) -> None:
    """Of the truth, or of any frame where nothing of the truth may show."""
    (tmp_path / "truth.csv").write_text(TRUTH)
    (tmp_path / "run.txt").write_text("1 Corridor Chair\n2 Corridor\n3 Hall Trash\n4 Toilet\n")
    task = load_task("imageclef2014")
    truth = read_truth(tmp_path / "truth.csv")
    checks = {"test": require_run(tmp_path / "run.txt", task, truth.frames)}
    table = score(judged(truth_frames(task, {"test": truth}), checks), task)
    for is_blind in (False, True):
        bounds = frame_bounds(table, task, is_blind=is_blind)
        expected = interval(table.points, table.visit, bounds=bounds, unit="room visits")
        assert points_interval(table, task, is_blind=is_blind) == expected
    shown, blind = points_interval(table, task), points_interval(table, task, is_blind=True)
    assert shown.high is not None
    assert blind.high is not None
    assert shown.high <= 6.0 < blind.high
    assert shown != interval(table.points, table.visit, unit="room visits")
