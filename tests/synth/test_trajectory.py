"""Lists of poses are read exactly, and what cannot be driven is refused with its line."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from robotvision.errors import InputFaults, RobotVisionError
from robotvision.synth.trajectory import Track, check_names, dense, rate_hz, read_tracks

HEADER = "timestamp,room,x_m,y_m,theta_rad\n"


def _name(t: str, room: str = "CR", x: float = 0.0, y: float = 0.0) -> str:
    return f"t{t}_r{room}_x{x:g}_y{y:g}_a0.5.png"


def _write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _refused(*paths: Path) -> str:
    with pytest.raises(RobotVisionError) as caught:
        read_tracks(paths)
    return "\n".join(caught.value.lines())


def test_names_give_times_rooms_and_poses_exactly(tmp_path: Path) -> None:
    """Microseconds, %g numbers with exponents and names behind a folder are kept as they are."""
    names = (
        "t1138915584.666738_rBO_x1.90629_y21.9662_a-1.5e-05.png",
        "t1138915584.866740_rCR_x2_y-0.25_a3.14159.jpg",
    )
    (track,) = read_tracks([_write(tmp_path / "walk.txt", names[0], "", "png/" + names[1])])
    assert track.names == names
    assert track.times_ns.tolist() == [1138915584666738000, 1138915584866740000]
    assert track.rooms == ("BO", "CR")
    assert track.xy.tolist() == [[1.90629, 21.9662], [2, -0.25]]
    assert track.heading.tolist() == [-1.5e-05, 3.14159]
    assert track.lines == (1, 3)
    assert rate_hz(track) == 5.0


def test_csv_gives_the_same_as_names(tmp_path: Path) -> None:
    """Seconds or nanoseconds, columns in any order; names are made as IDOL2 writes them."""
    seconds = _write(
        tmp_path / "a.csv",
        "room,timestamp,x_m,y_m,theta_rad",
        "BO,12.345678,1.5,2,0.5",
        "CR,12.545678,1.6,2,0.5",
    )
    nanos = _write(
        tmp_path / "b.csv",
        "timestamp_ns,room,x_m,y_m,theta_rad",
        "12345678000,BO,1.5,2,0.5",
        "12545678000,CR,1.6,2,0.5",
    )
    names = _write(
        tmp_path / "c.txt", _name("12.345678", "BO", 1.5, 2), _name("12.545678", "CR", 1.6, 2)
    )
    a, b, c = read_tracks([seconds, nanos, names])
    for track in (a, b):
        assert track.times_ns.tolist() == c.times_ns.tolist()
        assert track.names == c.names
        assert np.array_equal(track.xy, c.xy)


def test_a_folder_holds_tours_and_their_names_tell_the_light(tmp_path: Path) -> None:
    """Sorted by name; where no light is named the given one holds."""
    for stem in ("walk_Night2", "walk_cloudy1", "other"):
        _write(tmp_path / f"{stem}.txt", _name("1.0", "BO"), _name("2.0"))
    (tmp_path / "notes.md").write_text("not a tour")
    tracks = read_tracks([tmp_path], light="sunny")
    assert [(t.name, t.light) for t in tracks] == [
        ("other", "sunny"),
        ("walk_Night2", "night"),
        ("walk_cloudy1", "cloudy"),
    ]


def test_a_robot_carried_elsewhere_begins_a_segment(tmp_path: Path) -> None:
    """A step no robot can drive in its time is a jump, a long pause is not."""
    rows = ("1,BO,0,0,0", "2,BO,1,0,0", "3,CR,9,0,0", "60,CR,11,0,0")
    (track,) = read_tracks([_write(tmp_path / "a.csv", HEADER.strip(), *rows)])
    assert track.segments.tolist() == [0, 0, 1, 1]
    between = dense(track)
    assert not ((between[:, 0] > 1.01) & (between[:, 0] < 8.99)).any()
    assert len(between) > 4 + 19 + 39 - 2


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (("notes", "more"), r"no line can be used; the first says: expected a file name like t11"),
        (
            (_name("1.0"), "t1152043200.834119.jpeg"),
            r"a.txt:2: expected a room and a pose in the name, as in t.*, got 't1152043200.83",
        ),
        ((_name("2.0"), "", _name("1.0")), r"a.txt:3: time goes back behind that of line 1 \(1\.0"),
        ((_name("2.0"), _name("2.0")), r"a.txt:2: time repeats that of line 1 .*keep one of each"),
        (
            (_name("2.0"), _name("3.0")),
            r"at least two rooms, got 'CR' alone; give a longer sequence",
        ),
        (
            (_name("1.0", "A"), _name("2.0"), _name("3.0", x=532.0)),
            r"a.txt:3: the pose lies 532 m from the middle .* at most 200 m \(1 such poses\); give",
        ),
        ((), "a.txt: the file is empty"),
    ],
)
def test_bad_lists_are_refused_with_their_line(
    lines: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    """One clear line each."""
    path = tmp_path / "a.txt"
    path.write_text("\n".join(lines))
    with pytest.raises(RobotVisionError, match=message):
        read_tracks([path])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HEADER + "1,BO,0,0,0\n2,CR,zero,0,0\n", r"a.csv:3: expected a pose of three .*'zero,0,0'"),
        (HEADER + "1,BO,0,0,0\n2,CR,nan,0,0\n", r"a.csv:3: expected a pose of three .*'nan,0,0'"),
        (HEADER + "1,BO,0,0,0\n2,,1,0,0\n", r"a.csv:3: room: expected a label, got nothing"),
        (HEADER + "1,BO,0,0,0\n-2,CR,1,0,0\n", r"a.csv:3: timestamp: expected a time .*got '-2'"),
        ("room,x_m,y_m,theta_rad\nBO,0,0,0\n", "a.csv:1: expected a column timestamp_ns or timest"),
        ("timestamp,room,x_m,y_m\n1,BO,0,0\n", "a.csv:1: expected the columns .*missing theta_rad"),
        (HEADER, "a.csv: no poses in it"),
    ],
)
def test_bad_csv_is_refused_with_its_line(text: str, message: str, tmp_path: Path) -> None:
    """One clear line each."""
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(InputFaults, match=message):
        read_tracks([path])


def test_many_faults_are_told_of_once(tmp_path: Path) -> None:
    """One line with their number; a folder without tours and two of one name are refused."""
    good = [_name(f"{k}.0", "AB"[k % 2]) for k in range(3)]
    told = _refused(_write(tmp_path / "a.txt", *good, *["rubbish"] * 25)).splitlines()
    assert len(told) == 2
    assert "a.txt: 10 lines, the first 4: expected a file name" in told[0]
    assert told[1].endswith("a.txt: 15 more lines like these")
    (tmp_path / "empty").mkdir()
    assert "expected .txt or .csv files of poses in the folder" in _refused(tmp_path / "empty")
    (tmp_path / "b").mkdir()
    _write(tmp_path / "a.txt", *good)
    _write(tmp_path / "b" / "a.csv", HEADER)
    assert "a sequence called 'a' is there already" in _refused(tmp_path / "a.txt", tmp_path / "b")


def test_labels_and_times_that_names_cannot_hold(
    tmp_path: Path, plus: Callable[..., Track]
) -> None:
    """A label with a space, and two times of one microsecond, need the native layout."""
    with pytest.raises(InputFaults, match=r"room 'My Room' cannot stand in a file name of IDOL2"):
        check_names([plus(rooms={"KT": "My Room"})])
    rows = ("1000,BO,0,0,0", "1001,BO,0,0,0", "2000,CR,0,1,0")
    path = _write(tmp_path / "a.csv", "timestamp_ns," + HEADER.strip().split(",", 1)[1], *rows)
    with pytest.raises(InputFaults, match=r"a.csv:3: the name '.*' is there twice \(first in line"):
        check_names(read_tracks([path]))


def test_headings_are_not_touched(plus: Callable[..., Track]) -> None:
    """Beyond half a turn a heading stays as it is."""
    assert float(np.abs(plus().heading).max()) > math.pi
