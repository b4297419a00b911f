"""The shipped editions: rules, their status, and the cards that show them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from robotvision.cli import main
from robotvision.errors import InputFaults, UnknownNameError
from robotvision.tasks import load_task, task_names
from robotvision.tasks.model import Status, Task

EDITIONS = ("imageclef2009", "imageclef2010", "imageclef2010-icpr", "imageclef2012",
            "imageclef2013", "imageclef2014")  # fmt: skip
NINE = ("Corridor", "ElevatorArea", "LoungeArea", "TechnicalRoom", "StudentOffice",
        "ProfessorOffice", "VisioConference", "PrinterRoom", "Toilet")  # fmt: skip
EIGHT = ("Corridor", "Kitchen", "MeetingRoom", "SmallOffice", "LargeOffice", "PrinterArea",
         "RecycleArea", "Toilet")  # fmt: skip


def test_every_edition_is_shipped() -> None:
    assert set(EDITIONS) | {"rooms"} == set(task_names())


@pytest.mark.parametrize(
    ("name", "rooms", "unknown", "points", "n_objects", "form"),
    [
        ("imageclef2009", ("BO", "CR", "EO", "KT", "PA"), "Unknown", (1, -0.5, 0), 0, "frame_room"),
        ("imageclef2010-icpr", EIGHT, "Unknown", (1, -0.5, 0), 0, "frame_room"),
        ("imageclef2010", EIGHT, "Unknown", (1, -0.5, 0), 0, "frame_room"),
        ("imageclef2012", NINE, None, (1, -1, 0), 0, "number_room"),
        ("imageclef2013", None, None, (1, -0.5, 0), 8, "number_room_objects"),
        ("imageclef2014", None, None, (1, -0.5, 0), 8, "number_room_objects"),
    ],
)
def test_an_edition_has_its_rules(
    name: str,
    rooms: tuple[str, ...] | None,
    unknown: str | None,
    points: tuple[float, float, float],
    n_objects: int,
    form: str,
) -> None:
    task = load_task(name)
    room = task.points.room
    assert (room.correct, room.wrong, room.unanswered) == points
    assert task.unknown == unknown
    assert rooms is None or task.room_names == rooms
    assert len(task.objects) == n_objects
    assert task.run_file.form == form


@pytest.mark.parametrize("name", EDITIONS)
def test_every_rule_of_an_edition_says_where_it_comes_from(name: str) -> None:
    """No rule of an edition goes without a status, and none that is recollected is verified."""
    task = load_task(name)
    for key in (
        "rooms",
        "unknown",
        "sensors",
        "modes",
        "test_sets",
        "overall",
        "run_file",
        "points.room",
        "points.room.correct",
        "points.room.wrong",
    ):
        assert key in task.facts, key
    expected = Status.VERIFIED if name == "imageclef2014" else Status.RECOLLECTED
    assert task.fact("points.room.wrong").status is expected
    if task.objects:
        assert task.fact("points.objects.stated_present.absent").status is expected


def test_only_numbers_found_in_a_source_are_verified() -> None:
    """The published points that are verified are these three, and the LNCS rank has no points."""
    verified = {
        (name, row.group, row.points)
        for name in EDITIONS
        for table in load_task(name).published
        for row in table.rows
        if row.status is Status.VERIFIED
    }
    assert verified == {
        ("imageclef2009", "Idiap", None),
        ("imageclef2010-icpr", "CVG", 3824.0),
        ("imageclef2010", "CVG ETHZ", 677.0),
        ("imageclef2010", "Idiap", 2052.0),
    }


def test_the_known_counts_of_the_room_tables_add_up() -> None:
    for count in load_task("imageclef2009").known_counts[:12]:
        assert sum(count.rooms.values()) == count.frames, count.sequence
    assert sum(load_task("imageclef2010").known_counts[0].rooms.values()) == 6754


def test_the_known_counts_of_2014_give_its_known_maxima() -> None:
    task = load_task("imageclef2014")
    for count, most in zip(task.known_counts, (9781, 3173), strict=True):
        assert tuple(count.rooms) == task.room_names
        assert tuple(count.objects) == task.objects
        assert sum(count.rooms.values()) == count.frames
        assert sum((count.frames, *count.objects.values())) == most
        assert str(most) in count.note


def test_what_sources_verify_of_the_older_editions() -> None:
    verified = {
        "imageclef2009": ("unknown",),
        "imageclef2010-icpr": ("unknown", "sensors", "modes"),
        "imageclef2010": ("unknown", "sensors", "test_sets"),
        "imageclef2013": ("sensors",),
    }
    for name, keys in verified.items():
        for key in keys:
            assert load_task(name).fact(key).status is Status.VERIFIED, (name, key)


@pytest.mark.parametrize(("name", "expected"), [("imageclef2012", 1 / 2), ("imageclef2009", 1 / 3)])
def test_the_break_even_confidence_follows_from_the_points(name: str, expected: float) -> None:
    assert load_task(name).points.room.break_even == pytest.approx(expected)


@pytest.mark.parametrize("name", [*EDITIONS, "rooms"])
def test_a_card_shows_the_rules_with_their_status(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["task", "show", name])
    shown = capsys.readouterr().out
    task = load_task(name)
    for room in task.room_names:
        assert room in shown
    for table in task.published:
        for row in table.rows:
            lines = [x for x in shown.splitlines() if x.startswith(row.group + " ")]
            expected = "not confirmed" if row.status is Status.RECOLLECTED else str(row.status)
            assert any(expected in line for line in lines), row
    assert "an answer pays where it is right" in shown


def test_a_card_as_json_is_one_object_with_an_example_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["task", "show", "imageclef2012", "--json"])
    card = json.loads(capsys.readouterr().out)
    assert card["run_file"]["example"] == "00001 Corridor"
    assert card["run_file"]["no_answer"] == "00001  "
    assert card["facts"]["run_file"]["status"] == "verified"


def write(folder: Path, text: str) -> Path:
    path = folder / "own.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_what_does_not_fit_together_is_shown_where_it_stands(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "id: x\nrooms: [A, B]\nunknown: A\nfacts:\n  romes: {status: own}\nobjects: [Chair]\n",
    )
    with pytest.raises(InputFaults) as caught:
        load_task(str(path))
    assert [(f.line, f.column) for f in caught.value.faults] == [(3, 10), (6, 10), (5, 10)]
    assert "did you mean 'rooms'" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id: x\nrooms: [A A]\nrun_file: {form: number_room_objects}\n", ":3:11: .*holds a blank"),
        ("id: x\nrooms: [A]\nobjects: ['!A']\npoints: {objects: {}}\n", ":3:10: .*leading '!'"),
        ("id: x\nrooms: []\n", ":2:8: rooms: expected at least one room"),
        ("id: x\nrooms: [A]\npoints: {objects: {}}\n", "points without objects"),
        ("id: x\n", "the key 'rooms' is missing"),
        ("", "expected keys and values"),
    ],
)
def test_a_faulty_task_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(InputFaults, match=expected):
        load_task(str(write(tmp_path, text)))


def test_a_task_made_in_code_is_refused_too() -> None:
    with pytest.raises(ValueError, match="unknown: 'A' is one of the rooms"):
        Task(id="x", rooms=("A",), unknown="A")


def test_a_changed_rule_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, "extends: imageclef2012\npoints: {room: {wrong: -0.5}}\n")
    with pytest.raises(SystemExit, match="0"):
        main(["task", "show", str(path)])
    assert "points.room.wrong: -1.0 -> -0.5" in capsys.readouterr().out


def test_checking_a_task_exits_2_with_its_faults(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, "id: x\nrooms: [A, A]\nponts: {}\n")
    with pytest.raises(SystemExit, match="2"):
        main(["task", "check", str(path)])
    err = capsys.readouterr().err
    assert f"{path}:2:8:" in err
    assert "did you mean 'points'" in err


def test_a_task_that_is_not_there_is_named() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'imageclef2012'"):
        load_task("imageclef2012x")
