"""The points of 2014, cell by cell, and its truth as the kit hands it out."""

from __future__ import annotations

from pathlib import Path

import pytest

from robotvision.records import Answer, Truth
from robotvision.scoring.points import PointsTable
from robotvision.submissions.batch import score_files
from robotvision.submissions.truthfile import read_truth
from robotvision.tasks import load_task
from tests.fixtures.kit2014 import write_kit

SHARED = Path(__file__).parents[3] / "shared" / "data" / "imageclef2014_kit"

ROOMS = {"Toilet": 1.0, "Corridor": -0.5, None: 0.0}
"""Answers where the true room is Toilet, and their points."""
STATEMENTS = {
    (True, True): 1.0,
    (True, False): -0.25,
    (True, None): -0.25,
    (False, True): -0.25,
    (False, False): 0.0,
    (False, None): 0.0,
}
"""In view, stated (None: not stated): points of one object."""


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("room", list(ROOMS))
@pytest.mark.parametrize(("in_view", "stated"), list(STATEMENTS))
def test_every_cell_of_the_rule(room: str | None, in_view: bool, stated: bool | None) -> None:
    worth = PointsTable(load_task("imageclef2014"))
    truth = Truth("Toilet", frozenset({"Urinal"} if in_view else ()))
    answer = Answer(room, objects={} if stated is None else {"Urinal": stated})
    assert worth.of(truth, answer)[1] == ROOMS[room] + STATEMENTS[in_view, stated]
    assert worth.maximum(truth) == 1.0 + in_view


def test_three_frames_worked_by_hand(tmp_path: Path) -> None:
    """1 + 1 - 0.25 (Fridge), then -0.5 - 0.25 (Chair missed), then 0 + 0: 1.0 of 5."""
    truth = write(
        tmp_path / "truth.csv",
        "index,room,objects\n0,Toilet,Urinal\n1,Secretary,Chair\n2,Corridor,\n",
    )
    run = write(tmp_path / "run.txt", "1 Toilet Urinal Fridge\n2 Corridor\n3  !Chair\n")
    (scored,) = score_files("imageclef2014", [truth], [run]).scored
    assert (scored.score["points"], scored.score["max_points"]) == (1.0, 5.0)


@pytest.mark.parametrize(
    "cell", ["Chair;Trash", "Chair; Trash", " Chair ;  Trash ; ", "Trash;Chair"]
)
def test_blanks_around_objects_change_nothing(tmp_path: Path, cell: str) -> None:
    truth = write(tmp_path / "truth.csv", f"index,room,objects\n0, Toilet ,{cell}\n")
    assert read_truth(truth).objects == ("Chair", "Trash")
    run = write(tmp_path / "run.txt", "1 Toilet Chair Trash\n")
    scores = score_files("imageclef2014", [truth], [run])
    assert scores.scored[0].score["points"] == 3.0
    assert scores.warnings == ()


def test_other_spellings_are_accepted_and_told_once(tmp_path: Path) -> None:
    """In the truth and in the run file, whatever mixture of the two."""
    truth = write(
        tmp_path / "truth.csv",
        "index,room,objects\n0,Hall,\n1,HallEntrance,\n2,VideoConference,Chair\n3,Hall,\n",
    )
    run = write(tmp_path / "run.txt", "1 HallEntrance\n2 Hall\n3 VisioConference Chair\n4 Hall\n")
    scores = score_files("imageclef2014", [truth], [run])
    score = scores.scored[0].score
    assert (score["points"], score["max_points"]) == (5.0, 5.0)
    assert score["rooms"]["HallEntrance"]["frames"] == 3
    of_truth, of_run = (w["message"] for w in score["warnings"])
    assert "'Hall' as 'HallEntrance', 'VideoConference' as 'Videoconference'" in of_truth
    assert "'Hall' as 'HallEntrance', 'VisioConference' as 'Videoconference'" in of_run


def test_the_kits_truth_scores_a_run(tmp_path: Path) -> None:
    """Its test frames, by the numbers in their names; its own labels by number."""
    mat = write_kit(
        tmp_path / "ConfigurationValidation.mat",
        trainingInfo=[("visual_1.png", 1, (1, 1))],
        testInfo=[("visualValidation_2.png", 3, (0, 1)), ("visualValidation_1.png", 2, (1, 0))],
    )
    table = read_truth(mat)
    assert [table.rooms[c] for c in table.codes] == ["HallEntrance", "Toilet"]
    assert table.frames.indices.tolist() == [0, 1]
    run = write(tmp_path / "run.txt", "1 HallEntrance Chair\n2 Toilet Trash !Chair\n")
    (scored,) = score_files("imageclef2014", [mat], [run]).scored
    assert (scored.score["points"], scored.score["max_points"]) == (4.0, 4.0)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the kit's truth does not lie here")
def test_the_made_up_run_of_the_kit() -> None:
    truth, run = SHARED / "ConfigurationValidation.mat", SHARED / "madeup_run.txt"
    (scored,) = score_files("imageclef2014", [truth], [run]).scored
    assert (scored.score["points"], scored.score["max_points"]) == (1221.5, 3173.0)
