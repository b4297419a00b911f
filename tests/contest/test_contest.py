"""A contest of teams: what is received, what counts, who is ranked, what is published."""

from __future__ import annotations

import json
import re
import runpy
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from robotvision.cli import main
from robotvision.contest import (
    Delivery,
    add,
    boards,
    contest_data,
    init,
    open_contest_file,
    publish,
    receive,
    rehearse,
    verdict_on,
    withdraw,
)
from robotvision.contest.board import EntryStatus, Role
from robotvision.contest.board_table import board_tables
from robotvision.contest.codabench.bundle import Options, bundle
from robotvision.contest.codabench.plan import plan
from robotvision.contest.file import ContestSetup
from robotvision.contest.store import submissions
from robotvision.errors import InputFaults, RobotVisionError
from tests.fixtures.contests import FAULTY, answers, pack_files, write_pack, write_truths, zipped

Make = Callable[..., ContestSetup]
CLOSES = "2027-06-01T00:00+02:00"
PHASES = f'phases: {{test: {{opens: "2027-03-01T00:00+01:00", closes: "{CLOSES}"}}}}\n'


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


IN_TIME = Delivery(received=at("2027-05-01T12:00+00:00"))


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Return what begins a contest and changes lines of its file."""
    truths = write_truths(tmp_path)

    def make(**lines: str) -> ContestSetup:
        folder = tmp_path / "contest"
        init(folder, str(tmp_path / "task.yaml"), truths)
        path = folder / "contest.yaml"
        lines = {"phases": PHASES, **lines}
        text = path.read_text()
        text = text.replace("  test: {opens: null, closes: null}", "")
        kept = [x for x in text.splitlines() if x.partition(":")[0] not in lines]
        path.write_text("\n".join(kept) + "\n" + "".join(lines.values()))
        return open_contest_file(folder)

    return make


def pack(folder: Path, name: str, wrong: float = 0.2, **card: Any) -> Path:
    """Write a pack whose answers are wrong in a share of the frames."""
    seed = sum(map(ord, name))
    runs = {"easy": answers(wrong, seed), "hard": answers(wrong, seed + 1)}
    return write_pack(folder / f"{name}.zip", runs=runs, **card)


def test_one_primary_run_a_team_is_ranked_and_the_others_are_shown(
    make: Make, tmp_path: Path
) -> None:
    """The last one marked as primary; where none is marked, the last one."""
    setup = make()
    for name, group, primary in (
        ("a1", "A", True), ("a2", "A", False), ("b1", "B", False), ("b2", "B", False),
    ):  # fmt: skip
        add(setup, [pack(tmp_path, name, group=group, primary=primary)], IN_TIME)
    (board,) = boards(setup)
    roles = [(row.team, row.role) for row in board.rows]
    assert roles == [
        ("A", Role.PRIMARY),
        ("A", Role.OTHER),
        ("B", Role.OTHER),
        ("B", Role.PRIMARY),
    ]
    assert {x.run for x in board.ranked.rankings[0].rows} == {"A_run1", "B_run1 (2)"}
    ranks = [row[0] for row in board_tables(board)[0].table.rows]
    assert sorted(r for r in ranks if r is not None) == [1, 2]


def test_late_runs_and_those_over_a_limit_are_listed_apart(make: Make, tmp_path: Path) -> None:
    """Refused runs use up no limit; a day is one in UTC; the deadline itself is too late."""
    setup = make(limits="limits: {runs: 3, per_day: 2}\n")
    files = pack_files(group="A")
    FAULTY["a header line"][0](files)
    (tmp_path / "bad.zip").write_bytes(zipped(files))
    moments = {
        "bad": "2027-05-01T10:00+00:00",
        "a1": "2027-05-01T11:00+00:00",
        "a2": "2027-05-02T01:00+02:00",  # the same day in UTC
        "a3": "2027-05-01T23:30+00:00",
        "a4": "2027-05-03T00:00+00:00",
        "a5": "2027-05-04T00:00+00:00",
        "a6": CLOSES,
    }
    for name, moment in moments.items():
        path = tmp_path / "bad.zip" if name == "bad" else pack(tmp_path, name, group="A")
        add(setup, [path], Delivery(received=at(moment)))
    status = {r.submission.record.received: r.status for r in receive(setup)}
    assert [status[at(m).isoformat()] for m in moments.values()] == [
        EntryStatus.REFUSED,
        EntryStatus.COUNTED,
        EntryStatus.COUNTED,
        EntryStatus.OVER_LIMIT,
        EntryStatus.COUNTED,
        EntryStatus.OVER_LIMIT,
        EntryStatus.LATE,
    ]
    (board,) = boards(setup)
    assert len(board.rows) == 3
    whys = [r.why for r in board.apart]
    assert "more than 2 runs on 2027-05-01 (UTC)" in whys
    assert "run 4 of 3 that a team may hand in" in whys


def test_nothing_is_received_before_the_first_phase(make: Make, tmp_path: Path) -> None:
    setup = make()
    with pytest.raises(InputFaults, match=r"no phase is open at 2027-02-01T00:00.*first opens"):
        add(setup, [pack(tmp_path, "a")], Delivery(received=at("2027-02-01T00:00+00:00")))
    assert not submissions(setup)


def test_the_same_bytes_are_received_once(make: Make, tmp_path: Path) -> None:
    setup = make()
    path = pack(tmp_path, "a")
    assert [a.is_new for a in add(setup, [path, path], IN_TIME)] == [True, False]
    assert add(setup, [path], IN_TIME)[0].is_new is False
    assert len(submissions(setup)) == 1
    (only,) = submissions(setup)
    assert only.path.read_bytes() == path.read_bytes()


def test_the_same_bytes_count_in_each_phase_and_again_once_withdrawn(
    make: Make, tmp_path: Path
) -> None:
    """A program handed in for the rehearsal and for the test is judged in both."""
    setup = make()
    of_phase = {"trial": "easy", "test": "hard"}
    sets = "".join(
        f"- {{name: {name}, truth: {tmp_path}/{name}.csv, phase: {phase}}}\n"
        for phase, name in of_phase.items()
    )
    text = f"title: Hall\ntask: {tmp_path}/task.yaml\nphases: {{trial: {{}}, test: {{}}}}\n"
    setup.path.write_text(f"{text}test_sets:\n{sets}")
    setup = open_contest_file(setup.path.parent)
    path = tmp_path / "run.txt"
    path.write_text(answers(0.3, 5))
    for phase in ("trial", "test"):
        delivery = Delivery("Team", IN_TIME.received, phase)
        assert [a.is_new for a in add(setup, [path, path], delivery)] == [True, False]
    first, second = submissions(setup)
    assert (first.record.phase, second.record.phase) == ("trial", "test")
    withdraw(setup, [second.key])
    assert add(setup, [path], Delivery("Team", IN_TIME.received, "test"))[0].is_new
    assert len(submissions(setup)) == 3


def test_a_withdrawn_run_vanishes_from_what_is_published_and_stays_on_record(
    make: Make, tmp_path: Path
) -> None:
    setup = make(limits="limits: {runs: 1}\n", public="public: {pages: true}\n")
    add(setup, [pack(tmp_path, "gone", group="Gone")], IN_TIME)
    add(setup, [pack(tmp_path, "here", group="Here")], IN_TIME)
    site = tmp_path / "site"
    publish(setup, boards(setup), site)
    assert "Gone" in (site / "index.html").read_text()
    assert (site / "runs" / "test-obligatory" / "Gone_run1.html").is_file()
    (taken,) = withdraw(setup, ["Gone_run1"])
    assert taken.is_withdrawn
    publish(setup, boards(setup), site)
    texts = [p.read_text() for p in site.rglob("*") if p.is_file()]
    assert not any("Gone" in text for text in texts)
    assert not (site / "runs" / "test-obligatory" / "Gone_run1.html").exists()
    add(setup, [pack(tmp_path, "again", group="Gone")], IN_TIME)
    assert receive(setup)[-1].status is EntryStatus.OVER_LIMIT  # what was used up stays used
    with pytest.raises(RobotVisionError, match=r"0 submissions are called 'Gome_run1'; did you"):
        withdraw(setup, ["Gome_run1"])


def test_a_bare_run_stands_in_the_obligatory_table_and_does_not_state_its_mode(
    make: Make, tmp_path: Path
) -> None:
    setup = make()
    folder = tmp_path / "bare"
    folder.mkdir()
    (folder / "easy.txt").write_text(answers(0.3, 5))
    (folder / "hard.txt").write_text(answers(0.3, 6))
    add(setup, [folder], Delivery("Team", IN_TIME.received))
    add(setup, [pack(tmp_path, "o", group="O", mode="optional")], IN_TIME)
    obligatory, optional = boards(setup)
    assert (obligatory.mode, optional.mode) == ("obligatory", "optional")
    assert [(r.team, r.notes) for r in obligatory.rows] == [("Team", ("mode not stated",))]
    assert [(r.team, r.notes) for r in optional.rows] == [("O", ())]


def test_what_codabench_gives_who_downloads_all_is_as_many_submissions(
    make: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    setup = make()
    inner = {f"{n}.zip": pack(tmp_path, n, group=n).read_bytes() for n in ("A", "B")}
    (tmp_path / "all.zip").write_bytes(zipped({**inner, "noise.zip": b"no zip file"}))
    when = ["--received", "2027-05-01T12:00+00:00"]
    with pytest.raises(SystemExit, match="1"):
        main(["contest", "add", str(setup.path), str(tmp_path / "all.zip"), *when])
    out = capsys.readouterr().out
    assert f"{tmp_path}/all.zip/A.zip: accepted" in out
    assert f"{tmp_path}/all.zip/noise.zip: not a whole zip file" in out
    assert "robotvision-add-" not in out
    assert [s.record.team for s in submissions(setup)] == ["A", "B", "noise"]


def test_a_card_that_names_another_team_is_not_received(make: Make, tmp_path: Path) -> None:
    setup = make()
    (added,) = add(setup, [pack(tmp_path, "a", group="A")], Delivery("B", IN_TIME.received))
    first = added.verdict.lines("in/a.zip")[0]
    assert first.startswith("in/a.zip: handed in by B, and its card says A")
    assert not submissions(setup)


def test_baselines_are_shown_and_not_ranked(make: Make, tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    for name in ("easy", "hard"):
        (tmp_path / "base" / f"{name}.txt").write_text(answers(0.6, 3))
    setup = make(baselines="baselines: [{name: chance, run: ../base}]\n")
    (board,) = boards(setup)
    assert [(r.entry.name, r.role) for r in board.rows] == [("chance", Role.BASELINE)]
    (table,) = board_tables(board)
    assert table.table.rows[0][0] is None
    publish(setup, [board], tmp_path / "site")
    row = re.search(r'<tr role="row" class="is-baseline">.*?</tr>', _page(tmp_path / "site"), re.S)
    assert row is not None
    assert "chance" in row[0]
    assert not re.findall(r'c-(?:place|range|first)"[^>]*>[^<]', row[0])
    (tmp_path / "base" / "hard.txt").write_text("x\n")
    with pytest.raises(RobotVisionError, match=r"base/hard.txt:1: expected a frame number"):
        boards(open_contest_file(setup.path))


def _page(site: Path) -> str:
    return (site / "index.html").read_text()


def test_points_by_condition_and_any_two_runs_compared(make: Make, tmp_path: Path) -> None:
    setup = make()
    text = setup.path.read_text().replace("conditions: {}", "conditions: {light: day}", 1)
    setup.path.write_text(text.replace("conditions: {}", "conditions: {light: night}", 1))
    setup = open_contest_file(setup.path)
    for name, wrong in (("A", 0.1), ("B", 0.5)):
        add(setup, [pack(tmp_path, name, wrong, group=name)], IN_TIME)
    (board,) = boards(setup)
    assert board.by_condition() == {"light": {"day": ["easy"], "night": ["hard"]}}
    (data,) = contest_data(setup, [board])["boards"]
    for run in data["runs"]:
        for value, of_set in (("day", "easy"), ("night", "hard")):
            points = data["conditions"]["light"][value][run["name"]]
            assert points == run["sets"][of_set]["points"]
    pair = board.pair("B_run1", "A_run1")
    points = {run["name"]: run["points"] for run in data["runs"]}
    assert pair.first == "A_run1"
    assert pair.difference.estimate == points["A_run1"] - points["B_run1"]
    assert str(pair).endswith("after all comparisons") is False  # there is this one alone
    assert [tab["test_sets"] for tab in data["tabs"]] == [["easy", "hard"], ["easy"], ["hard"]]
    for tab in data["tabs"]:
        for row in tab["rows"]:
            parts = next(run["sets"] for run in data["runs"] if run["name"] == row["run"])
            assert row["points"] == sum(parts[s]["points"] for s in tab["test_sets"])
    with pytest.raises(RobotVisionError, match="no run is called 'C'"):
        board.pair("A_run1", "C")


def test_the_public_page_shows_totals_alone(make: Make, tmp_path: Path) -> None:
    """Two truths that give the same points in the same visits publish the same bytes."""
    base = tmp_path / "base"
    base.mkdir()
    everywhere_kitchen = "".join(f"{i:05d} Kitchen\n" for i in range(1, 61))
    for name in ("easy", "hard"):
        (base / f"{name}.txt").write_text(everywhere_kitchen)
    setup = make(
        baselines="baselines: [{name: kitchen, run: ../base}]\n",
        public="public: {reveal: totals, pages: true}\n",
    )
    text = setup.path.read_text().replace("conditions: {}", "conditions: {light: day}", 1)
    setup.path.write_text(text.replace("conditions: {}", "conditions: {light: night}", 1))
    setup = open_contest_file(setup.path)
    for k, name in enumerate(("A", "B", "B")):
        lines = everywhere_kitchen.splitlines(keepends=True)[: 60 - 3 * k]
        runs = {"easy": "".join(lines), "hard": everywhere_kitchen}
        add(setup, [write_pack(tmp_path / f"{k}.zip", runs=runs, group=name)], IN_TIME)
    publish(setup, boards(setup), tmp_path / "one", tmp_path / "mine")
    assert len(list((tmp_path / "one" / "runs").rglob("*.html"))) == 4
    assert "By room" not in _page(tmp_path / "one")
    assert "By room" in _page(tmp_path / "mine" / "test-obligatory")
    for name in ("easy", "hard"):
        path = tmp_path / f"{name}.csv"
        other = {"Corridor": "Lab", "Lab": "Corridor"}
        head, *rows = path.read_text().splitlines()
        swapped = [f"{i},{other.get(r, r)}" for i, r in (row.split(",") for row in rows)]
        path.write_text("\n".join([head, *swapped]) + "\n")
    again = open_contest_file(setup.path)
    publish(again, boards(again), tmp_path / "two")
    for path in sorted((tmp_path / "one").rglob("*")):
        if path.is_file():
            other_file = tmp_path / "two" / path.relative_to(tmp_path / "one")
            assert other_file.read_bytes() == path.read_bytes(), path
    assert (tmp_path / "mine" / "test-obligatory" / "index.html").is_file()


def test_forty_teams_in_a_short_form(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every faulty run is refused, each board ranks one run a team."""
    script = runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "contest_of_40.py"))
    options = ["--out", str(tmp_path / "out"), "--teams", "9", "--faulty", "3"]
    assert script["main"](options) == 0
    assert "27 runs received, 3 refused" in capsys.readouterr().out
    data = json.loads((tmp_path / "out" / "site" / "scores.json").read_text())
    obligatory, optional = data["boards"]
    assert len(obligatory["runs"]) + len(optional["runs"]) == 24 + 1  # and a baseline
    assert [len(b["rankings"]["overall"]) for b in data["boards"]] == [8, 1]
    assert set(obligatory["conditions"]["light"]) == {"sunny", "night"}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('phases: {test: {closes: "2027-06-01T00:00"}}\n', "has no time zone; add +00:00"),
        ("phases: {test: {closes: tomorrow}}\n", "expected a moment like 2027-06-01T00:00+02:00"),
        (
            'phases: {test: {opens: "2027-06-02T00:00Z", closes: "2027-06-01T00:00Z"}}\n',
            "expected opens before closes",
        ),
        ("phases: {final: {}}\n", "no phase is called 'test'; they are: final"),
        ("limits: {run: 3}\n", "unknown key; did you mean 'runs'?"),
        ("baselines: [{name: x}]\n", "expected one of run and config"),
        ("public: {reveal: all}\n", "expected one of totals, rooms, frames"),
    ],
)
def test_a_fault_in_the_file_is_named_with_its_place(
    make: Make, line: str, expected: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with pytest.raises(InputFaults):
        make(**{line.partition(":")[0]: line})
    with pytest.raises(SystemExit, match="2"):
        main(["contest", "check", str(tmp_path / "contest")])
    shown = capsys.readouterr().err.splitlines()
    assert any(expected in text and "contest.yaml:" in text for text in shown), shown


def test_the_commands_go_from_call_to_board(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before the first run the site is the call; everything is printed as JSON, too."""
    write_truths(tmp_path)
    folder, site = str(tmp_path / "c"), str(tmp_path / "site")
    truths = ["--truth", str(tmp_path / "easy.csv"), "--truth", str(tmp_path / "hard.csv")]
    inbox = tmp_path / "in"
    inbox.mkdir()
    for name in ("A", "B"):
        pack(inbox, name, group=name)
    (inbox / "noise.zip").write_bytes(b"no zip file")

    def run(code: int, *words: str) -> str:
        with pytest.raises(SystemExit, match=str(code)):
            main(["contest", *words])
        return capsys.readouterr().out

    run(0, "init", folder, "--task", str(tmp_path / "task.yaml"), *truths, "--title", "T <1>")
    run(0, "publish", folder, "--site", site)
    page = (tmp_path / "site" / "index.html").read_text()
    assert "T &lt;1&gt;" in page
    assert "No run is in yet" in page
    assert "noise.zip: not a whole zip file" in run(1, "add", folder, str(inbox))
    assert "1 refused" in run(1, "check", folder)
    assert json.loads(run(1, "check", folder, "--json"))["submissions"][0]["ok"] is True
    assert "A_run1" in run(0, "rank", folder)
    assert json.loads(run(0, "rank", folder, "--json"))["boards"][0]["mode"] == "obligatory"
    assert " against " in run(0, "rank", folder, "--compare", "A_run1", "B_run1")
    run(0, "withdraw", folder, "A_run1")
    run(0, "publish", folder, "--site", site)
    assert "A_run1" not in (tmp_path / "site" / "index.html").read_text()
    run(2, "init", folder, "--task", str(tmp_path / "task.yaml"), *truths)
    run(2, "add", folder, str(tmp_path / "nothing"))


OBJECTS = """\
id: things
rooms: [Corridor, Kitchen, Lab]
objects: [Chair]
points:
  room: {correct: 1, wrong: -0.5, unanswered: 0}
  objects:
    stated_present: {present: 1, absent: -1}
    stated_absent: {present: -1, absent: 0}
    not_stated: {present: 0, absent: 0}
run_file: {form: number_room_objects, digits: 5, first_number: 1}
"""
TWO_TASKS = """\
title: Two tasks
tasks: {rooms: task.yaml, things: things.yaml}
test_sets:
  - {name: easy, truth: easy.csv, task: rooms}
  - {name: hard, truth: hard.csv, task: rooms}
  - {name: things, truth: things.csv, task: things}
limits: {runs: 1}
"""


@pytest.fixture
def two_tasks(tmp_path: Path) -> ContestSetup:
    """Return a contest of two tasks, the second with objects and a test set of its own."""
    write_truths(tmp_path)
    (tmp_path / "things.yaml").write_text(OBJECTS)
    head, *rows = (tmp_path / "easy.csv").read_text().splitlines()
    chairs = [f"{row},{'Chair' if i % 3 else ''}" for i, row in enumerate(rows)]
    (tmp_path / "things.csv").write_text("\n".join([f"{head},objects", *chairs]) + "\n")
    (tmp_path / "contest.yaml").write_text(TWO_TASKS)
    return open_contest_file(tmp_path)


def test_a_contest_of_two_tasks_has_a_board_and_a_limit_for_each(
    two_tasks: ContestSetup, tmp_path: Path
) -> None:
    """A pack says which task it is for; a bare run file has to be told."""
    things = "".join(f"{i:05d} Corridor Chair\n" for i in range(1, 61))
    packs = [
        pack(tmp_path, "a", group="A"),
        write_pack(tmp_path / "t.zip", runs={"things": things}, task="things", group="A"),
        pack(tmp_path, "more", 0.5, group="A"),
    ]
    (tmp_path / "bare.txt").write_text(things)
    add(two_tasks, packs)
    (refused,) = add(two_tasks, [tmp_path / "bare.txt"])
    first = refused.verdict.lines("in/bare.txt")[0]
    assert first.startswith("in/bare.txt: the contest has several tasks; name one with --task: roo")
    assert refused.submission is None
    add(two_tasks, [tmp_path / "bare.txt"], Delivery("B", task="things"))
    rooms, objects = boards(two_tasks)
    assert [(b.task, [r.team for r in b.rows]) for b in (rooms, objects)] == [
        ("rooms", ["A"]),
        ("things", ["A", "B"]),
    ]
    assert [r.status for r in rooms.apart] == [EntryStatus.OVER_LIMIT]
    assert set(objects.contest.sets) == {"things"}
    publish(two_tasks, [rooms, objects], tmp_path / "site", tmp_path / "mine")
    data = json.loads((tmp_path / "site" / "scores.json").read_text())
    assert data["tasks"] == ["hall", "things"]
    assert [b["task"] for b in data["boards"]] == ["hall", "things"]
    assert [run["max_points"] is None for b in data["boards"] for run in b["runs"]] == [
        False,
        True,  # it would tell how many objects are in view
        True,
    ]
    assert (tmp_path / "mine" / "things-test-obligatory" / "index.html").is_file()
    for path, task in ((packs[0], None), (packs[1], None), (tmp_path / "bare.txt", "things")):
        at_home = rehearse(tmp_path / "site", path, task=task)
        rules = two_tasks.rules("test", two_tasks.task_for(path, task))
        assert at_home.as_dict() == verdict_on(path, rules).as_dict()
        assert at_home.is_accepted


def test_a_competition_on_codabench_is_of_one_of_the_tasks(two_tasks: ContestSetup) -> None:
    held = plan(two_tasks, Options(task="things"))
    (phase,) = held.phases
    assert (held.task.id, list(phase.contest.sets)) == ("things", ["things"])
    assert held.release is not None
    assert [s["name"] for s in held.release["test_sets"]] == ["things"]
    with pytest.raises(RobotVisionError, match="several tasks; name one with --task"):
        plan(two_tasks, Options())
    bundle(two_tasks, Options(task="things"))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (", task: things}", "}", "expected the key 'task', one of rooms, things"),
        ("task: things}", "task: thing}", "no task is called 'thing'; they are: rooms, things"),
        ("title:", "task: task.yaml\ntitle:", "expected one of the keys task and tasks"),
        ("things: things.yaml", "things: task.yaml", "two tasks have the same id"),
        (
            "tasks: {rooms: task.yaml, things: things.yaml}",
            "task: task.yaml",
            "names the task 'rooms', and the contest has one, without a name",
        ),
    ],
)
def test_tasks_that_do_not_fit_are_named(
    two_tasks: ContestSetup, old: str, new: str, expected: str
) -> None:
    two_tasks.path.write_text(TWO_TASKS.replace(old, new, 1))
    with pytest.raises(InputFaults) as refused:
        _ = open_contest_file(two_tasks.path).tasks
    assert any(expected in str(fault) for fault in refused.value.faults), refused.value
