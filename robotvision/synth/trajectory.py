"""Real sequences as lists of poses: names of KTH-IDOL2's images, or CSV.

A list of names holds one file name a line, ``t<seconds>_r<ROOM>_x<m>_y<m>_a<radians>.png``. CSV has
the columns timestamp_ns or timestamp (seconds), room, x_m, y_m and theta_rad. Nothing is smoothed
or resampled: times, places and headings are those of the file, with their jitter.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path, PurePosixPath

import numpy as np

from robotvision.data.names import NUMBER, parse_pose, read_table, seconds_to_ns, text_lines, whole
from robotvision.errors import Fault, RobotVisionError, raise_faults
from robotvision.synth.aliases import F64, I64
from robotvision.synth.light import LIGHTS

REACH_M = 200.0
"""A pose farther than this from the middle of all is taken for a mistake of units."""

JUMP_M, SPEED_M_S, PAUSE_S = 1.0, 2.0, 10.0
"""A robot carried elsewhere: farther than 1 m plus 2 m/s for the time between, at most 10 s."""

MAX_FAULTS = 10
"""Faults listed of one file."""

COLUMNS = ("room", "x_m", "y_m", "theta_rad")
NAME = re.compile(
    rf"t([0-9]+\.[0-9]+)_r([A-Za-z0-9]+)_x({NUMBER})_y({NUMBER})_a({NUMBER})\.(?:png|jpe?g)",
    re.IGNORECASE,
)
NAME_EXAMPLE = "t1138915584.666738_rBO_x1.90629_y21.9662_a0.0953478.png"
_NO_POSE = re.compile(r"t[0-9]+\.[0-9]+.*\.[A-Za-z]+")
_NAME_ROOM = re.compile(r"[A-Za-z0-9]+")


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One sequence, K poses in order of time.

    ``times_ns`` (K,) int64, ``poses`` (K, 3) x and y in metres and heading in radians as given,
    ``segments`` (K,) count the places where the robot was carried elsewhere; ``names``: the
    images' file names; ``lines``: where each pose stands in ``path``, from 1. ``turn``: by how
    much the frame of ``xy`` and ``heading`` is turned, radians.
    """

    name: str
    path: Path
    light: str
    times_ns: I64
    rooms: tuple[str, ...]
    poses: F64
    segments: I64
    names: tuple[str, ...]
    lines: tuple[int, ...]
    turn: float = 0.0

    def __len__(self) -> int:
        return len(self.rooms)

    @property
    def xy(self) -> F64:
        """Places (K, 2) in the frame turned by ``turn``, metres."""
        c, s = math.cos(self.turn), math.sin(self.turn)
        return np.asarray(self.poses[:, :2] @ np.array([[c, -s], [s, c]]), np.float64)

    @property
    def heading(self) -> F64:
        """Headings (K,) in the frame turned by ``turn``, radians."""
        return np.asarray(self.poses[:, 2] - self.turn, np.float64)


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    time_ns: int
    room: str
    pose: tuple[float, float, float]
    name: str


def read_tracks(paths: Iterable[Path], light: str = "cloudy") -> tuple[Track, ...]:
    """Read sequences from lists of names, CSV files or folders of such files.

    Parameters
    ----------
    paths : iterable of Path
        Files, or folders whose ``.txt`` and ``.csv`` files are read.
    light : str
        Light of the sequences whose file name holds none of ``sunny``, ``cloudy``, ``night``.

    Raises
    ------
    InputFaults
        A line that cannot be used: no name, no pose, time not rising, a pose far off.
    RobotVisionError
        No file, two of one name, or a single room in all of them.
    """
    files = list(_files(paths))
    faults: list[Fault] = []
    tracks = [_track(path, light, faults) for path in files]
    if not faults:
        faults += _far_off(tracks)
    raise_faults(faults)
    rooms = sorted({room for t in tracks for room in t.rooms})
    if len(rooms) < 2:
        raise RobotVisionError(
            f"{files[0]}: expected poses in at least two rooms, got "
            f"{rooms[0]!r} alone; give a longer sequence"
        )
    return tuple(tracks)


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    seen: dict[str, Path] = {}
    for path in paths:
        files = [path]
        if path.is_dir():
            files = sorted(p for p in path.iterdir() if p.suffix.lower() in (".txt", ".csv"))
            if not files:
                raise RobotVisionError(
                    f"{path}: expected .txt or .csv files of poses in the folder, got none; give "
                    "a list of IDOL2 file names or a CSV file"
                )
        for file in files:
            if file.stem in seen:
                raise RobotVisionError(
                    f"{file}: a sequence called {file.stem!r} is there already "
                    f"({seen[file.stem]}); rename one"
                )
            seen[file.stem] = file
            yield file


def _track(path: Path, light: str, faults: list[Fault]) -> Track:
    mine: list[Fault] = []
    is_csv = path.suffix.lower() == ".csv"
    rows = list((_csv_rows if is_csv else _name_rows)(path, mine))
    if not rows and len(mine) > 1:
        mine = [
            Fault(
                path,
                f"no line can be used; the first says: {mine[0].message}",
                mine[0].line,
                remedy="give a list of IDOL2 file names, or CSV",
            )
        ]
    if not mine:
        mine += _order_faults(path, rows)
    if not rows and not mine:
        mine.append(Fault(path, f"no poses in it; expected names such as {NAME_EXAMPLE}"))
    faults += mine[:MAX_FAULTS]
    if len(mine) > MAX_FAULTS:
        faults.append(Fault(path, f"{len(mine) - MAX_FAULTS} more lines like these"))
    poses = np.array([r.pose for r in rows], np.float64).reshape(-1, 3)
    times = np.array([r.time_ns for r in rows], np.int64)
    lights = [word for word in LIGHTS if word in path.stem.lower()]
    return Track(
        name=path.stem,
        path=path,
        light=lights[0] if lights else light,
        times_ns=times,
        rooms=tuple(r.room for r in rows),
        poses=poses,
        segments=segments_of(times, poses[:, :2]),
        names=tuple(r.name for r in rows),
        lines=tuple(r.line for r in rows),
    )


def _name_rows(path: Path, faults: list[Fault]) -> Iterator[_Row]:
    for line, text in text_lines(path, faults):
        name = PurePosixPath(text.replace("\\", "/")).name
        match = NAME.fullmatch(name)
        if match is None:
            faults.append(Fault(path, _unusable(name), line, remedy="mend or remove the line"))
            continue
        time_ns, pose = seconds_to_ns(match[1]), parse_pose(match.groups()[2:])
        if time_ns is None or pose is None:
            faults.append(Fault(path, f"time or pose of {name!r} is out of range", line))
            continue
        yield _Row(line, time_ns, match[2], pose, name)


def _unusable(name: str) -> str:
    shown = name if len(name) <= 60 else name[:57] + "..."
    if _NO_POSE.fullmatch(name):
        return f"expected a room and a pose in the name, as in {NAME_EXAMPLE}, got {shown!r}"
    return f"expected a file name like {NAME_EXAMPLE}, got {shown!r}"


def _csv_rows(path: Path, faults: list[Fault]) -> Iterator[_Row]:
    for line, cells in read_table(path, COLUMNS, faults):
        clock = next((c for c in ("timestamp_ns", "timestamp") if c in cells), None)
        if clock is None:
            faults.append(
                Fault(
                    path,
                    "expected a column timestamp_ns or timestamp (seconds)",
                    1,
                    remedy=f"the first line is {','.join(cells)!r}",
                )
            )
            return
        if row := _csv_row(path, line, cells, clock, faults):
            yield row


def _csv_row(
    path: Path, line: int, cells: dict[str, str], clock: str, faults: list[Fault]
) -> _Row | None:
    room, text = cells["room"], cells[clock]
    time_ns = (whole if clock == "timestamp_ns" else seconds_to_ns)(text)
    given = [cells[c] for c in COLUMNS[1:]]
    try:
        pose = parse_pose(given)
    except ValueError:
        pose = None
    if time_ns is None:
        faults.append(Fault(path, f"{clock}: expected a time of at least 0, got {text!r}", line))
    elif not room:
        faults.append(Fault(path, "room: expected a label, got nothing", line))
    elif pose is None:
        faults.append(
            Fault(path, f"expected a pose of three finite numbers, got {','.join(given)!r}", line)
        )
    else:
        seconds, rest = divmod(time_ns // 1000, 1_000_000)
        name = f"t{seconds}.{rest:06d}_r{room}_x{pose[0]:g}_y{pose[1]:g}_a{pose[2]:g}.png"
        return _Row(line, time_ns, room, pose, name)
    return None


def _order_faults(path: Path, rows: list[_Row]) -> Iterator[Fault]:
    for before, row in pairwise(rows):
        if row.time_ns <= before.time_ns:
            what = "repeats" if row.time_ns == before.time_ns else "goes back behind"
            yield Fault(
                path,
                f"time {what} that of line {before.line} ({row.time_ns / 1e9:.6f} s "
                f"after {before.time_ns / 1e9:.6f} s); expected times that rise",
                row.line,
                remedy="sort the lines and keep one of each time",
            )


def segments_of(times_ns: I64, xy: F64) -> I64:
    """Return the segment of each pose: they count up where the robot cannot have driven."""
    if len(times_ns) < 2:
        return np.zeros(len(times_ns), np.int64)
    step = np.hypot(*np.diff(xy, axis=0).T)
    pause = np.minimum(np.diff(times_ns) / 1e9, PAUSE_S)
    jumps = step > JUMP_M + SPEED_M_S * pause
    return np.concatenate([[0], np.cumsum(jumps)]).astype(np.int64)


def _far_off(tracks: list[Track]) -> Iterator[Fault]:
    middle = np.median(np.concatenate([t.xy for t in tracks]), axis=0)
    for track in tracks:
        away = np.hypot(*(track.xy - middle).T)
        far = np.flatnonzero(away > REACH_M)
        if len(far):
            k = int(far[0])
            yield Fault(
                track.path,
                f"the pose lies {away[k]:.0f} m from the middle of the sequences; "
                f"expected at most {REACH_M:g} m ({len(far)} such poses)",
                track.lines[k],
                remedy="give metres, and one building at a time",
            )


def check_names(tracks: Iterable[Track]) -> None:
    """Refuse what cannot be a file name of KTH-IDOL2.

    Raises
    ------
    InputFaults
        A room's label that a name cannot hold, or a name that occurs twice.
    """
    faults: list[Fault] = []
    for track in tracks:
        seen: dict[str, int] = {}
        for name, room, line in zip(track.names, track.rooms, track.lines, strict=True):
            if not _NAME_ROOM.fullmatch(room):
                faults.append(
                    Fault(
                        track.path,
                        f"the room {room!r} cannot stand in a file name of "
                        "IDOL2 (letters and digits alone)",
                        line,
                        remedy="give --layout native",
                    )
                )
                break
            if name in seen:
                faults.append(
                    Fault(
                        track.path,
                        f"the name {name!r} is there twice (first in line {seen[name]})",
                        line,
                        remedy="keep one",
                    )
                )
                break
            seen[name] = line
    raise_faults(faults)


def rate_hz(track: Track) -> float | None:
    """Return the usual rate of a sequence: one over the median interval; None of a single pose."""
    if len(track) < 2:
        return None
    return round(1e9 / float(np.median(np.diff(track.times_ns))), 3)


def main_turn(tracks: Iterable[Track]) -> float:
    """Return the direction most of the ways take, up to quarter turns: -45 to 45 degrees, radians.

    The mean of the steps' directions, each counted four times round, weighted by its length.
    """
    total = 0j
    for track in tracks:
        step = np.diff(track.poses[:, :2], axis=0)[np.diff(track.segments) == 0]
        length = np.hypot(*step.T)
        total += complex((length * np.exp(4j * np.arctan2(step[:, 1], step[:, 0]))).sum())
    return math.atan2(total.imag, total.real) / 4


def dense(track: Track, step_m: float = 0.05) -> F64:
    """Return (N, 2) points along the way, ``step_m`` apart; where the robot was carried, none."""
    xy = track.xy
    points = [xy]
    for k in np.flatnonzero(np.diff(track.segments) == 0):
        a, b = xy[k], xy[k + 1]
        n = math.ceil(float(np.hypot(*(b - a))) / step_m)
        if n > 1:
            share = np.arange(1, n)[:, None] / n
            points.append(a + share * (b - a))
    return np.concatenate(points)
