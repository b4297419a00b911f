"""Points of scored frames with their interval: the bounds of each frame are those of its truth."""

from __future__ import annotations

import numpy as np
import pytest

from robotvision.records import Truth
from robotvision.scoring.estimates import frame_bounds, points_interval
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
