"""Programs that were handed in, run on the hidden test set: sandboxed, timed, resumed, limited."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import robotvision as rv
from robotvision.cli import main
from robotvision.contest import (
    add,
    boards,
    init,
    judge,
    judged_answers,
    open_contest_file,
    rehearse,
    verdict_on,
)
from robotvision.contest.board import EntryStatus
from robotvision.contest.release import write_release
from robotvision.errors import InputFaults
from robotvision.submissions import folder_files
from tests.fixtures.contests import begin_judged, program_files, write_pack, write_program_pack

Tour = Callable[..., Path]
CARD = [
    *("--group", "Cmd", "--method", "m", "--retrieval", "visual", "--run-type", "automatic"),
    *("--mode", "obligatory", "--time-per-frame-ms", "1", "--machine", "here"),
    *("--additional-resources", "none"),
]
ASAP = "isolation: auto, policy: offline, clock: asap"


def test_a_program_is_run_once_and_stands_on_the_board_with_its_latency(
    tmp_path: Path, tour: Tour
) -> None:
    """All answers are right; the answers that count, the log and the result are kept."""
    setup = begin_judged(tmp_path, tour(tmp_path / "hidden"), ASAP)
    add(setup, [write_program_pack(tmp_path / "quick.zip", group="Quick")])
    (before,) = boards(setup)
    assert [r.status for r in before.apart] == [EntryStatus.WAITING]
    (result,) = judge(setup)
    assert (result.status, result.frames["answered"]) == ("done", 18)
    folder = setup.folder / "judged" / result.key
    assert (folder / "answers" / "hidden.txt").read_text().startswith("00001 Kitchen\n")
    assert '"type":"end","frames":18' in (folder / "run" / "run.jsonl").read_text()
    assert (folder / "run" / "system.log").is_file()
    assert judge(setup) == []
    (board,) = boards(setup, judged=judged_answers(setup))
    (row,) = board.rows
    assert (row.entry.name, row.entry.score["points"]) == ("quick", 18)
    assert "timed on this machine (" in row.notes[0]
    assert result.model_copy(update={"latency_note": ""}).note.endswith("), alone")


def test_late_answers_count_by_the_rule_of_the_contest(tmp_path: Path, tour: Tour) -> None:
    """At 10 frames a second a program that takes 0.15 s is late with most of its answers."""
    rule = "isolation: auto, policy: deadline, deadline_ms: 60"
    setup = begin_judged(tmp_path, tour(tmp_path / "hidden", n_each=2), rule)
    add(setup, [write_program_pack(tmp_path / "slow.zip", 0.15)])
    (result,) = judge(setup)
    assert result.frames["answered"] == 0
    assert result.frames["late"] > 0
    (board,) = boards(setup, judged=judged_answers(setup))
    assert board.rows[0].entry.score["outcomes"]["unanswered"] == 6


def test_a_run_ends_when_its_time_is_over_and_a_program_that_crashes_is_an_outcome(
    tmp_path: Path, tour: Tour
) -> None:
    limit = f"{ASAP}, run_s: 2"
    setup = begin_judged(tmp_path, tour(tmp_path / "hidden", n_each=2), limit)
    add(setup, [write_program_pack(tmp_path / "long.zip", 0.5, group="Long")])
    add(setup, [write_program_pack(tmp_path / "dies.zip", then="os._exit(3)", group="Dies")])
    results = {r.key.partition("/")[0]: r for r in judge(setup)}
    assert results["long"].out_of_time is True
    assert 1 <= results["long"].frames["answered"] < 6
    assert "its time was over" in results["long"].note
    assert results["dies"].frames["answered"] == 0
    assert results["dies"].frames["failed"] >= 1
    assert results["dies"].note.startswith("no frame was answered")
    (board,) = boards(setup, judged=judged_answers(setup))
    assert {row.team for row in board.rows} == {"Long", "Dies"}


def test_what_cannot_be_run_is_said_and_tried_again(
    tmp_path: Path, tour: Tour, no_bubblewrap: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a sandbox where one is required nothing is run, and nothing is kept."""
    setup = begin_judged(tmp_path, tour(tmp_path / "hidden"), "isolation: required")
    add(setup, [write_program_pack(tmp_path / "p.zip")])
    for _ in range(2):
        with pytest.raises(SystemExit, match="1"):
            main(["contest", "judge", str(setup.folder)])
        (line,) = capsys.readouterr().out.splitlines()
        assert ": failed: " in line
        assert "bubblewrap" in line
    assert not (setup.folder / "judged").exists()


def test_a_baseline_by_configuration_is_run_and_shown(tmp_path: Path, tour: Tour) -> None:
    tour(tmp_path / "train", seed=3)
    config = (
        "task: rooms\ntrain: [train]\ntest: [train]\nfeatures: [hsv_histogram]\nclassifier: knn\n"
    )
    (tmp_path / "ours.yaml").write_text(config)
    setup = begin_judged(tmp_path, tour(tmp_path / "hidden"))
    text = setup.path.read_text().replace(
        "baselines: []", "baselines: [{name: ours, config: ../ours.yaml}]"
    )
    setup.path.write_text(text)
    setup = open_contest_file(setup.path)
    (result,) = judge(setup)
    assert (result.key, result.status) == ("baseline/ours", "done")
    (board,) = boards(setup, judged=judged_answers(setup))
    assert [(row.entry.name, str(row.role)) for row in board.rows] == [("ours", "baseline")]


def test_a_model_is_run_as_a_program(tmp_path: Path, tour: Tour) -> None:
    model = rv.Recogniser(["hsv_histogram"], "knn").fit(tour(tmp_path / "train", seed=3))
    model.save(tmp_path / "m.rvmodel")
    hidden = tour(tmp_path / "hidden", n_each=3)
    setup = begin_judged(tmp_path, hidden, ASAP)
    pack = tmp_path / "m.zip"
    task = str(tmp_path / "three.yaml")
    with pytest.raises(SystemExit, match="0"):
        main(
            ["pack", "--model", str(tmp_path / "m.rvmodel"), "--task", task, *CARD, "-o", str(pack)]
        )
    add(setup, [pack])
    (result,) = judge(setup)
    log = setup.folder / "judged" / result.key / "run" / "system.log"
    (board,) = boards(setup, judged=judged_answers(setup))
    here = rv.replay(hidden, model, task=task).score.outcomes
    assert board.rows[0].entry.score["outcomes"] == here, log.read_text()
    assert here["correct"] >= 7


def test_a_contest_that_takes_no_programs_refuses_them(tmp_path: Path, tour: Tour) -> None:
    setup = begin_judged(tmp_path, tour(tmp_path / "hidden"))
    pack = write_program_pack(tmp_path / "p.zip")
    write_release(tmp_path / "release.yaml", setup)
    assert rehearse(tmp_path / "release.yaml", pack).is_accepted
    setup.path.write_text(setup.path.read_text().replace("programs: true", "programs: false"))
    verdict = verdict_on(pack, open_contest_file(setup.path).rules("test"))
    assert "a program in place of answers" in verdict.lines()[0]
    run = write_pack(tmp_path / "run.zip", runs={"hidden": "00001 Hall\n"}, task="three")
    assert verdict_on(run, open_contest_file(setup.path).rules("test")).is_accepted


def test_a_truth_without_frames_cannot_be_judged_on(tmp_path: Path, tour: Tour) -> None:
    hidden = tour(tmp_path / "hidden")
    setup = begin_judged(tmp_path, hidden / "truth.csv")
    add(setup, [write_program_pack(tmp_path / "p.zip")])
    with pytest.raises(InputFaults, match="'hidden' has no frames to run programs on; name them"):
        judge(setup)


def test_a_program_is_packed_by_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "three.yaml").write_text("id: three\nrooms: [A, B]\n")
    for name, raw in program_files().items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(raw)
    (tmp_path / "program" / "__pycache__").mkdir()
    (tmp_path / "program" / "__pycache__" / "x.pyc").touch()
    assert set(folder_files(tmp_path / "program")) == {"main.py", "client.py"}
    options = ["--task", str(tmp_path / "three.yaml"), "-o", str(tmp_path / "p.zip"), *CARD]
    folder = ["pack", "--program", str(tmp_path / "program")]
    with pytest.raises(SystemExit, match="2"):
        main([*folder, *options])
    with pytest.raises(SystemExit, match="0"):
        main([*folder, "--command", "python3 main.py", *options])
    capsys.readouterr()
    with pytest.raises(SystemExit, match="0"):
        main(["pack", "--read", str(tmp_path / "p.zip")])
    with pytest.raises(SystemExit, match="1"):
        main(["contest", "check", str(begin(tmp_path)), str(tmp_path / "p.zip"), "--json"])
    (found,) = json.loads(capsys.readouterr().out.splitlines()[-1])["submissions"]
    assert found["kinds"][0]["kind"] == "program"


def begin(folder: Path) -> Path:
    """Begin a contest that takes no programs."""
    (folder / "truth.csv").write_text("index,room\n0,A\n")
    return init(folder / "c", str(folder / "three.yaml"), [folder / "truth.csv"]).folder
