"""Runs that agree too far are told, honest ones are not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from robotvision.cli import main
from robotvision.report.ranking import markdown
from robotvision.submissions.batch import score_files, score_folder
from robotvision.submissions.ranking import rank
from robotvision.submissions.similarity import agreement, team_of

ROOMS = ("Corridor", "Kitchen", "Office", "Toilet", "Lab")
Codes = np.ndarray


def building_truth(rng: np.random.Generator, n_stays: int = 24) -> Codes:
    """Stays of 5 to 30 frames, neighbours in other rooms."""
    rooms = [0]
    while len(rooms) < n_stays:
        rooms.append(int(rng.choice([r for r in range(len(ROOMS)) if r != rooms[-1]])))
    return np.repeat(rooms, rng.integers(5, 31, n_stays))


def honest(rng: np.random.Generator, truth: Codes, hardness: Codes, skill: float) -> Codes:
    """Answers of a system: errors last, are likelier where it is hard, and have a usual label."""
    p_right = 1 / (1 + np.exp(hardness - skill - rng.normal(0, 0.5)))
    fresh = rng.random(len(truth)) < p_right
    lasts = rng.random(len(truth)) < 0.8
    lasts[0] = False
    is_right = fresh[np.maximum.accumulate(np.where(lasts, 0, np.arange(len(truth))))]
    usual = (truth + 1) % len(ROOMS)
    other = (truth + rng.integers(1, len(ROOMS), len(truth))) % len(ROOMS)
    wrong = np.where(rng.random(len(truth)) < 0.7, usual, other)
    return np.where(is_right, truth, wrong)


def hardness_of(rng: np.random.Generator, truth: Codes) -> Codes:
    """How hard each frame is, for every system: by stay, and more so at its ends."""
    stay = np.cumsum(np.diff(truth, prepend=truth[:1]) != 0)
    at_door = np.r_[False, np.diff(truth) != 0] | np.r_[np.diff(truth) != 0, False]
    return rng.normal(0, 1.2, stay[-1] + 1)[stay] + 1.5 * at_door


@pytest.mark.parametrize("skill", [1.0, 3.0, 5.0])
def test_honest_systems_are_not_suspected(skill: float) -> None:
    """Poor, good and very good ones that find the same places hard: none of 100 pairs."""
    rng = np.random.default_rng(0)
    kappas = []
    for _ in range(100):
        truth = building_truth(rng)
        hardness = hardness_of(rng, truth)
        found = agreement(truth, *(honest(rng, truth, hardness, skill) for _ in range(2)))
        assert not found.is_suspect
        kappas.append(found.kappa)
    assert max(kappas) < 0.8


def test_a_copy_is_suspected_even_when_some_answers_were_changed() -> None:
    """Identical answers, and with three in a hundred drawn anew."""
    rng = np.random.default_rng(1)
    truth = building_truth(rng)
    first = honest(rng, truth, hardness_of(rng, truth), 2.0)
    altered = first.copy()
    chosen = rng.choice(len(truth), len(truth) * 3 // 100, replace=False)
    altered[chosen] = rng.integers(0, len(ROOMS), len(chosen))
    same = agreement(truth, first, first)
    assert (same.kappa, same.differences, same.is_suspect) == (1.0, 0, True)
    assert agreement(truth, first, altered).is_suspect


def test_what_confusions_explain_is_no_agreement() -> None:
    """By hand: two runs of the same table of confusions, and two that always say the same."""
    truth = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    first = np.array([0, 0, 1, 1, 1, 1, 1, -1])
    second = np.array([0, 1, 0, 1, 1, 1, -1, 1])
    found = agreement(truth, first, second)
    # room 0: (2 * 2 + 2 * 2) / 4 = 2; room 1: (3 * 3 + 1 * 1) / 4 = 2.5; the same: 2 and 2
    assert found.explained == 4.5
    assert found.same == 4
    assert found.kappa == pytest.approx((4 - 4.5) / (8 - 4.5))
    assert found.same_errors == 1
    corridor = np.zeros(200, np.int64)
    always = agreement(np.repeat([0, 1, 2, 3], 50), corridor, corridor)
    assert always.kappa == 0.0
    assert agreement(np.full(4, -1), first[:4], second[:4]).same == 0


def test_identical_errors_in_one_stay_are_no_evidence() -> None:
    """Nor are two runs without errors."""
    truth = np.repeat([0, 1, 0, 1, 0], 20)
    wrong = truth.copy()
    wrong[42:58] = 2
    assert not agreement(truth, wrong, wrong).is_suspect
    assert not agreement(truth, truth, truth).is_suspect


def test_a_team_is_known_by_the_name_of_its_runs() -> None:
    """Numbers of runs do not count, and bare numbers are teams of their own."""
    assert {team_of(n) for n in ("uaic", "uaic_run1", "UAIC-2", "uaic run 12")} == {"uaic"}
    for names in (("run1", "run2"), ("team 1", "team 2"), ("1", "2"), ("a1", "a2")):
        assert len({team_of(n) for n in names}) == 2


@pytest.fixture
def contest(tmp_path: Path) -> Path:
    """Two honest teams, one of them with two runs, and a copy; a run that is all right."""
    rng = np.random.default_rng(3)
    truth = building_truth(rng)
    hardness = hardness_of(rng, truth)
    uaic = honest(rng, truth, hardness, 2.0)
    runs = {
        "uaic_run1": uaic,
        "uaic_run2": uaic,
        "glasgow": honest(rng, truth, hardness, 2.0),
        "copycat": uaic,
        "oracle": truth,
    }
    lines = [f"{i},{ROOMS[room]}" for i, room in enumerate(truth)]
    (tmp_path / "truth.csv").write_text("\n".join(["index,room", *lines]) + "\n")
    (tmp_path / "runs").mkdir()
    for name, answers in runs.items():
        text = "".join(f"{i + 1:05d} {ROOMS[a]}\n" for i, a in enumerate(answers))
        (tmp_path / "runs" / f"{name}.txt").write_text(text)
    return tmp_path


def sites_in(folder: Path) -> list[str]:
    return ["--site", str(folder / "site"), "--pages", "--organiser-site", str(folder / "mine")]


def test_a_ranking_tells_copies_and_flawless_runs(
    contest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As JSON, on the terminal, in ranking.md, for the organiser; once for each pair of teams."""
    args = ["rank", "--task", "rooms", "--truth", str(contest / "truth.csv"), str(contest / "runs")]
    with pytest.raises(SystemExit):
        main([*args, "--json", "--out", str(contest / "out"), *sites_in(contest)])
    data = json.loads(capsys.readouterr().out)
    similar, flawless = data["warnings"]
    assert similar["code"] == "similar-answers"
    assert similar["runs"][0] == "copycat"
    assert similar["runs"][1].startswith("uaic_run")
    assert similar["kappa"] == 1.0
    assert (flawless["code"], flawless["runs"]) == ("all-answers-right", ["oracle"])
    codes = {r["name"]: [w["code"] for w in r["warnings"]] for r in data["runs"]}
    assert codes["glasgow"] == []
    assert codes["copycat"] == ["similar-answers"]
    with pytest.raises(SystemExit):
        main(args)
    shown = " ".join(capsys.readouterr().out.split())
    assert "identical answers" in shown
    assert "oracle: all" in shown
    for page in ("out/ranking.md", "mine/index.html", "mine/runs/copycat.html"):
        assert "identical answers" in (contest / page).read_text()
    assert "identical answers" not in (contest / "mine/runs/glasgow.html").read_text()
    for page in (p for p in (contest / "site").rglob("*") if p.is_file()):  # kappa tells of rooms
        assert "identical answers" not in page.read_text()


def test_scoring_ones_own_runs_suspects_nothing(contest: Path) -> None:
    """Only a contest compares; equal and right answers are fine outside of it."""
    runs = sorted((contest / "runs").iterdir())
    assert not score_files("rooms", [contest / "truth.csv"], runs).warnings
    scores = score_folder("rooms", [contest / "truth.csv"], contest / "runs")
    assert "## Warnings" in list(markdown(scores, rank(scores)))
