"""A run as an object: in memory and on disk alike, and as the command makes it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import robotvision as rv
from robotvision.cli import robotvision as command
from robotvision.contest import rank
from robotvision.report import write_page
from robotvision.submissions import check_run_file, score_files
from robotvision.submissions.testsets import settle
from robotvision.submissions.truthfile import read_truth

Config = Callable[..., Path]


def invoke(*words: object) -> Result:
    """Run a command in this process."""
    result = CliRunner().invoke(command, [str(w) for w in words], standalone_mode=False)
    assert result.exception is None, result.exception
    return result


def dominant(image: np.ndarray) -> str | None:
    """Return a room by the dominant colour channel, and none for the blue one."""
    return ("Kitchen", "Hall", None)[int(image.mean((0, 1)).argmax())]


@pytest.fixture
def run(data_root: Path) -> rv.Run:
    """Return a run in memory."""
    return rv.replay(data_root / "test", dominant)


def test_a_run_in_memory_equals_the_one_written_meanwhile_and_the_one_saved(
    data_root: Path, run: rv.Run, tmp_path: Path
) -> None:
    """In memory, in a folder from the start, saved afterwards: the same answers and points."""
    written = rv.replay(data_root / "test", dominant, folder=tmp_path / "written")
    saved = run.save(tmp_path / "saved")
    again = rv.read_run(tmp_path / "saved")
    for other in (written, saved, again):
        assert other.score.to_dict() == run.score.to_dict()
        assert [f.timed.answer for f in other.record.frames()] == list(run.answers.values())
    assert [f.timed for f in again.record.frames()] == [f.timed for f in run.record.frames()]
    for name in ("config.yaml", "run.jsonl", "run.txt", "report.json", "report.html"):
        assert (tmp_path / "saved" / name).is_file()
        assert (tmp_path / "written" / name).is_file()
    texts = [(tmp_path / n / "run.txt").read_bytes() for n in ("saved", "written")]
    assert texts[0] == texts[1]
    with pytest.raises(rv.RobotVisionError, match="it holds a run already"):
        run.save(tmp_path / "saved")


def test_the_table_holds_every_frame(run: rv.Run) -> None:
    """Pandas and numpy give the same columns; points and outcomes are the score's."""
    frame, table = run.to_frame(), run.table
    assert list(frame.columns) == list(table)
    assert len(frame) == run.score.frames == 18
    assert frame["points"].sum() == run.score.points
    assert frame["outcome"].value_counts().to_dict() == {
        k: v for k, v in run.score.outcomes.items() if v
    }
    assert table["latency_ns"].dtype.kind in "if"
    assert (table["latency_ns"] == table["finished_ns"] - table["started_ns"]).all()


def test_rescored_points_are_the_commands(run: rv.Run, tmp_path: Path) -> None:
    """Under every policy, rate and speed, from Python and from the command line."""
    saved = run.save(tmp_path / "run")
    for policy in ("offline", "deadline", "streaming", "queue"):
        words = ["--policy", policy, "--rate-hz", 2000, "--speed", 0.5, "--json"]
        printed = json.loads(invoke("rescore", tmp_path / "run", *words).output)
        here = rv.rescore(saved, policy, rate_hz=2000, machine_speed=0.5)
        assert here.report == printed
        assert here.score.points == printed["points"]


def test_two_runs_are_compared_pair_by_pair(data_root: Path, run: rv.Run) -> None:
    """A run against itself differs by nothing; against a silent one by all its points."""
    same = run.compare(run)
    assert (same.difference.estimate, same.frames) == (0, 18)
    silent = rv.replay(data_root / "test", lambda image: None)
    found = run.compare(silent)
    assert found.difference.estimate == run.score.points == 12
    assert found.visits == 3
    assert "on 18 frames of 3 visits" in str(found)


def test_run_does_what_the_command_does(config: Config, tmp_path: Path) -> None:
    """The same configuration: the same bytes of the run file, the same points and breakdown."""
    path = config()
    invoke("run", path, "--out", tmp_path / "command", "--json")
    run = rv.run(path, folder=tmp_path / "python")
    assert (tmp_path / "python/run.txt").read_bytes() == (tmp_path / "command/run.txt").read_bytes()
    assert sorted(p.name for p in (tmp_path / "python").iterdir()) == sorted(
        p.name for p in (tmp_path / "command").iterdir()
    )
    reports = [
        json.loads((tmp_path / n / "report.json").read_text()) for n in ("command", "python")
    ]
    for report in reports:
        for key in ("latency_ns", "null_ns", "run_dir", "training", "environment"):
            del report[key]
        for key in ("processor", "load"):  # of the machine, as it was meanwhile
            del report[key]
    assert reports[0] == reports[1]
    assert run.score.points == reports[0]["points"]
    assert (tmp_path / "python/config.yaml").read_bytes() == (
        tmp_path / "command/config.yaml"
    ).read_bytes()


def test_overrides_are_checked_and_kept(config: Config, tmp_path: Path) -> None:
    """A value by dotted key stands in the resolved configuration; a wrong one is refused."""
    overrides = {"classifier.C": 3, "features.0": "phog", "decision.abstain": "never"}
    run = rv.run(config(classifier="svm"), overrides=overrides, folder=tmp_path / "run")
    resolved = run.record.about["config"]
    assert resolved["classifier"]["C"] == 3
    assert resolved["classifier"]["name"] == "svm"
    assert resolved["features"][0] == "phog"
    assert run.score.outcomes["unanswered"] == 0
    for wrong, message in (
        ({"classifier.Q": 3}, "no parameter 'Q'"),
        ({"task.x": 3}, "task: expected text"),
        ({"features.9.bins": 3}, "one of 2 items"),
        ({"seed": "x"}, "seed: expected a whole number"),
        ({"": 1}, "expected a key"),
    ):
        with pytest.raises(rv.RobotVisionError, match=message):
            rv.run(config(), overrides=wrong)


def test_a_mapping_is_a_configuration(data_root: Path, tmp_path: Path) -> None:
    """Keys and values from Python are checked like a file."""
    run = rv.run(
        {
            "task": "rooms",
            "train": [str(data_root / "train")],
            "test": [str(data_root / "test")],
            "features": ["hsv_histogram"],
            "classifier": "knn",
        },
        folder=tmp_path / "run",
    )
    assert run.score.points == 18


@pytest.fixture
def handed_in(data_root: Path, run: rv.Run, tmp_path: Path) -> Path:
    """Return a folder with two run files."""
    folder = tmp_path / "runs"
    folder.mkdir()
    run.save(tmp_path / "first")
    rv.replay(data_root / "test", lambda image: "Hall").save(tmp_path / "second")
    for name in ("first", "second"):
        shutil.copy(tmp_path / name / "run.txt", folder / f"{name}.txt")
    return folder


def test_check_and_score_do_what_the_commands_do(data_root: Path, handed_in: Path) -> None:
    """The checker and the scorer, both ways."""
    truth, files = data_root / "test", sorted(handed_in.iterdir())
    words = ["--task", "rooms", "--truth", truth, *files, "--json"]
    table = read_truth(truth)
    task = settle(rv.load_task("rooms"), [table])
    checks = [check_run_file(f, task, table.frames).as_dict() for f in files]
    assert json.loads(invoke("check", *words).output)["files"] == checks
    assert (
        json.loads(invoke("score", *words).output) == score_files("rooms", [truth], files).as_dict()
    )


def test_rank_does_what_the_command_does(data_root: Path, handed_in: Path, tmp_path: Path) -> None:
    """Ranking and site, both ways: the same data, the same bytes."""
    truth = data_root / "test"
    words = ["--task", "rooms", "--truth", truth, handed_in]
    printed = invoke("rank", *words, "--out", tmp_path / "a", "--site", tmp_path / "b", "--json")
    ranked = rank("rooms", [truth], handed_in, out=tmp_path / "c", site=tmp_path / "d")
    assert json.loads(printed.stdout) == json.loads(json.dumps(ranked.data))
    for left, right in (("a", "c"), ("b", "d")):
        names = [p.relative_to(tmp_path / left) for p in (tmp_path / left).rglob("*.*")]
        assert names
        for name in names:
            assert (tmp_path / left / name).read_bytes() == (tmp_path / right / name).read_bytes()


def test_report_does_what_the_command_does(run: rv.Run, tmp_path: Path) -> None:
    """One page of a run, both ways: the same bytes."""
    run.save(tmp_path / "run")
    invoke("report", tmp_path / "run", "-o", tmp_path / "command.html")
    write_page([tmp_path / "run"], tmp_path / "python.html")
    assert (tmp_path / "command.html").read_bytes() == (tmp_path / "python.html").read_bytes()
