"""Rankings of a folder of runs: order, ties, refusals, files."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from robotvision.cli import main
from robotvision.errors import InputFaults
from robotvision.report.ranking import markdown, write
from robotvision.submissions.batch import score_folder
from robotvision.submissions.ranking import as_csv, as_dict, rank

TRUTH = "index,room\n0,Toilet\n1,Toilet\n2,Corridor\n"
RUNS = {
    "a.txt": "00001 Toilet\n00002  \n00003  \n",  # 1
    "b.txt": "00001 Toilet\n00002 Toilet\n00003 Corridor\n",  # 3
    "c.txt": "00001  \n00002  \n00003 Corridor\n",  # 1
    "d.txt": "00001 Corridor\n00002 Corridor\n00003 Toilet\n",  # -3
    "e.txt": "00001 Tolet\n",  # refused
    "notes.md": "not a run",
}


@pytest.fixture
def contest(tmp_path: Path) -> Path:
    (tmp_path / "truth.csv").write_text(TRUTH)
    (tmp_path / "runs").mkdir()
    for name, text in RUNS.items():
        (tmp_path / "runs" / name).write_text(text)
    return tmp_path


def test_equal_points_share_a_rank(contest: Path) -> None:
    """Ranks go 1, 2, 2, 4; the refused run has none."""
    scores = score_folder("imageclef2012", [contest / "truth.csv"], contest / "runs")
    (ranking,) = rank(scores)
    assert [(r.rank, r.run, r.points) for r in ranking.rows] == [
        (1, "b", 3.0),
        (2, "a", 1.0),
        (2, "c", 1.0),
        (4, "d", -3.0),
    ]
    assert [r.name for r in scores.refused] == ["e"]


def test_a_row_holds_what_the_run_was_scored(contest: Path) -> None:
    """Tables and data for programs: worked by hand from the four runs of three frames."""
    scores = score_folder("imageclef2012", [contest / "truth.csv"], contest / "runs")
    rankings = rank(scores)
    assert rankings[0].name == "overall"
    row = rankings[0].rows[3]
    assert (row.rank, row.run, row.frames, row.points, row.max_points) == (4, "d", 3, -3.0, 3.0)
    assert {k: n for k, n in row.outcomes.items() if n} == {"wrong": 3}
    assert row.sets == {}
    assert as_csv(rankings) == (
        "ranking,rank,run,points,max_points,frames,correct,wrong,unanswered,late,skipped,failed\n"
        "overall,1,b,3,3,3,3,0,0,0,0,0\n"
        "overall,2,a,1,3,3,1,0,2,0,0,0\n"
        "overall,2,c,1,3,3,1,0,2,0,0,0\n"
        "overall,4,d,-3,3,3,0,3,0,0,0,0\n"
    )
    data = as_dict(scores, rankings)
    assert list(data) == ["schema", "task", "changed", "rankings", "runs", "refused", "warnings"]
    assert (data["schema"], data["task"], data["changed"]) == (1, "imageclef2012", [])
    assert data["rankings"] == {
        "overall": [
            {"rank": 1, "run": "b", "points": 3.0},
            {"rank": 2, "run": "a", "points": 1.0},
            {"rank": 2, "run": "c", "points": 1.0},
            {"rank": 4, "run": "d", "points": -3.0},
        ]
    }
    assert [(r["name"], r["points"]) for r in data["runs"]] == [
        (r.name, r.score["points"]) for r in scores.scored
    ]
    (refused,) = data["refused"]
    assert refused["name"] == "e"
    assert "e.txt:1: the label 'Tolet' is not one" in refused["faults"][0]
    assert data["warnings"] == [w.as_dict() for w in scores.warnings]


def test_without_a_run_that_can_be_scored_there_is_no_ranking(contest: Path) -> None:
    for name in "abcd":
        (contest / "runs" / f"{name}.txt").unlink()
    scores = score_folder("imageclef2012", [contest / "truth.csv"], contest / "runs")
    assert rank(scores) == []
    (contest / "runs" / "a.txt").write_text(RUNS["a.txt"])
    alone = rank(score_folder("imageclef2012", [contest / "truth.csv"], contest / "runs"))
    assert [(r.rank, r.run) for r in alone[0].rows] == [(1, "a")]
    assert as_csv(alone).endswith("\noverall,1,a,1,3,3,1,0,2,0,0,0\n")
    assert as_csv([]) == "ranking,rank,run,points,max_points,frames\n"


def test_the_command_writes_its_three_files(
    contest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They may lie among the runs and are not taken for one the next time."""
    args = [
        "rank",
        "--task",
        "imageclef2012",
        "--truth",
        str(contest / "truth.csv"),
        str(contest / "runs"),
        "--out",
        str(contest / "runs"),
    ]
    for _ in range(2):
        with pytest.raises(SystemExit) as caught:
            main(args)
        assert caught.value.code == 1
        page = capsys.readouterr().out
        assert "did you mean 'Toilet'" in page
        assert "right +1, wrong -1, no answer +0 (recollected, not confirmed)" in page
        assert "on its original sequences, which these are not" in page
    rows = list(csv.DictReader((contest / "runs" / "ranking.csv").read_text().splitlines()))
    assert [(r["rank"], r["run"], r["points"], r["wrong"]) for r in rows] == [
        ("1", "b", "3", "0"),
        ("2", "a", "1", "0"),
        ("2", "c", "1", "0"),
        ("4", "d", "-3", "3"),
    ]
    scores = json.loads((contest / "runs" / "scores.json").read_text())
    keys = {"interval", "caution", "ranks", "share_first", "not_separable_from"}
    assert keys <= set(scores["rankings"]["overall"][0])
    assert scores["uncertainty"]["level"] == 0.95
    first = scores["rankings"]["overall"][0]
    assert (first["rank"], first["run"], first["points"]) == (1, "b", 3.0)
    text = (contest / "runs" / "ranking.md").read_text()
    assert "| 1 | b | 3 | -3 to 3 | 1 to 4 | 87 % | a, c, d | about 7 | 3 | 0 | 0 |" in text
    assert "The 2 room visits weigh like 1.8 of one length" in text
    assert "e.txt:1: the label 'Tolet'" in text
    assert "Right +1, wrong -1, no answer +0 (recollected, not confirmed)" in text
    assert "CIII UTN FRC" not in text, "published results stand beside the edition's own frames"


def test_json_is_all_there_is_on_stdout(contest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(
            [
                "rank",
                "--task",
                "imageclef2012",
                "--truth",
                str(contest / "truth.csv"),
                str(contest / "runs"),
                "--json",
            ]
        )
    assert json.loads(capsys.readouterr().out)["task"] == "imageclef2012"


def two_sets(folder: Path, wrong: str, right: str, label: str) -> list[Path]:
    truths = []
    for name in ("x", "y"):
        truths.append(folder / f"{name}.csv")
        truths[-1].write_text(f"index,room\n0,{right}\n")
    for run, says in (("one", (right, wrong)), ("two", (right, right))):
        (folder / "runs" / run).mkdir(parents=True)
        for name, said in zip(label.split(), says, strict=True):
            (folder / "runs" / run / f"{name}.txt").write_text(
                f"1,{said}\n".replace(",", " " if "task" in label else ",")
            )
    return truths


def test_sets_that_are_summed_stand_in_columns(tmp_path: Path) -> None:
    truths = two_sets(tmp_path, "Kitchen", "Toilet", "easy hard")
    (ranking,) = rank(score_folder("imageclef2010-icpr", truths, tmp_path / "runs"))
    assert [(r.rank, r.run, r.points, r.sets) for r in ranking.rows] == [
        (1, "two", 2.0, {"easy": 1.0, "hard": 1.0}),
        (2, "one", 0.5, {"easy": 1.0, "hard": -0.5}),
    ]
    assert as_csv([ranking]) == (
        "ranking,rank,run,points,max_points,frames,correct,wrong,unanswered,late,skipped,failed,"
        "easy,hard\n"
        "overall,1,two,2,2,2,2,0,0,0,0,0,1,1\n"
        "overall,2,one,0.5,2,2,1,1,0,0,0,0,1,-0.5\n"
    )


def test_sets_that_are_kept_apart_have_a_ranking_each(tmp_path: Path) -> None:
    truths = two_sets(tmp_path, "Corridor", "Toilet", "task1 task2")
    scores = score_folder("imageclef2012", truths, tmp_path / "runs")
    rankings = rank(scores)
    assert [r.name for r in rankings] == ["task1", "task2"]
    assert [(r.rank, r.run) for r in rankings[0].rows] == [(1, "one"), (1, "two")]
    assert [(r.rank, r.run, r.points) for r in rankings[1].rows] == [
        (1, "two", 1.0),
        (2, "one", -1.0),
    ]
    assert "## task2" in "\n".join(markdown(scores, rankings))


def test_a_folder_that_lacks_a_set_is_listed_and_not_ranked(tmp_path: Path) -> None:
    truths = two_sets(tmp_path, "Kitchen", "Toilet", "easy hard")
    (tmp_path / "runs" / "one" / "hard.txt").unlink()
    scores = score_folder("imageclef2010-icpr", truths, tmp_path / "runs")
    assert [r.name for r in scores.refused] == ["one"]
    assert "one run file for the test set 'hard', got 0; call it hard.txt" in scores.refusals()[0]


def test_a_folder_without_runs_is_refused(tmp_path: Path) -> None:
    truth = tmp_path / "truth.csv"
    truth.write_text(TRUTH)
    with pytest.raises(
        InputFaults, match=r"no run file \(.txt, .csv, .run\), pack or zip file in it"
    ):
        score_folder("imageclef2012", [truth], tmp_path)
    with pytest.raises(InputFaults, match="no such folder"):
        score_folder("imageclef2012", [truth], tmp_path / "none")


def test_names_cannot_break_the_table(tmp_path: Path, contest: Path) -> None:
    (contest / "runs" / "x|y.txt").write_text(RUNS["a.txt"])
    scores = score_folder("imageclef2012", [contest / "truth.csv"], contest / "runs")
    write(tmp_path / "out", scores, rank(scores), as_dict(scores, rank(scores)))
    assert "| 2 | x\\|y | 1 |" in (tmp_path / "out" / "ranking.md").read_text()


def test_why_a_run_was_refused_is_folded_to_80_columns(
    contest: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a pipe, as tables are, between words: a path with its line is one."""
    monkeypatch.chdir(contest)
    monkeypatch.delenv("COLUMNS", raising=False)
    lines = "".join(f"{i:05} {'Tolet' if i % 2 else 'Coridor'}\n" for i in range(1, 4))
    (contest / "runs" / ("a_name_of_a_run_" * 6 + "e.txt")).write_text(lines)
    with pytest.raises(SystemExit) as stopped:
        main(["rank", "runs", "--task", "imageclef2012", "--truth", "truth.csv"])
    assert stopped.value.code == 1
    text = capsys.readouterr().out
    about = text[text.index("refused\n") :].splitlines()
    about = [line for line in about if line.startswith("  ")]
    assert all(len(line) <= 80 or " " not in line.strip() for line in about)
    assert all(line == line.rstrip() for line in about)
    assert "did you mean 'Toilet'" in " ".join(" ".join(about).split())
