"""LeRobot data sets of version 3: tables in Parquet, videos of many episodes in a file.

::

    meta/info.json                                   fps, features, the shards' paths
    meta/episodes/chunk-000/file-000.parquet         of each episode: length, shards, times in them
    data/chunk-000/file-000.parquet                  a row a frame; images may stand in its cells
    videos/<feature>/chunk-000/file-000.mp4          episodes one after another

Each episode is a segment of one sequence; frames are numbered as the data set numbers them. Times
go on from episode to episode, a frame's distance between them. A row's time is its number in the
episode over ``fps`` where it is that to `TOLERANCE_S`, else the row's own. The frame of a video is
the one shown at the episode's start in its file plus the row's time.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from robotvision.data.avvideo import AvVideo, is_installed
from robotvision.data.names import ROOM_WORDS, objects_of
from robotvision.data.parquet import ParquetImage, ParquetTable
from robotvision.data.sequence import (
    ChannelKind,
    FrameEntry,
    ImageSequence,
    Pose,
    Reading,
    Source,
)
from robotvision.errors import Fault, InputFaults, MissingExtraError, near, not_readable
from robotvision.records import Truth
from robotvision.regular_file import read_regular

TOLERANCE_S = 1e-4
"""LeRobot's own limit between a row's time and its number over the rate."""
OWN_TIME, OWN_INDEX = "robotvision.timestamp_ns", "robotvision.index"
OBJECTS = "robotvision.objects"
"""Features in which `lerobot_write` keeps what LeRobot has no place for."""
POSE_NAMES = (["x_m", "y_m", "theta_rad"], ["x", "y", "theta"])
CHANNELS = ("rgb", "left", "right")
_PLACE = re.compile(r"\{(chunk_index|file_index|video_key)(?::0(\d)d)?\}")


class LeRobotFeature(msgspec.Struct):
    """One feature of a data set, as info.json describes it."""

    dtype: str
    shape: list[int] = []
    names: Any = None
    info: dict[str, Any] | None = None

    @property
    def is_camera(self) -> bool:
        """Whether it holds colour images."""
        is_depth = bool((self.info or {}).get("video.is_depth_map"))
        return self.dtype in ("video", "image") and not is_depth


class LeRobotInfo(msgspec.Struct):
    """What is read of info.json."""

    codebase_version: str
    fps: float
    features: dict[str, LeRobotFeature]
    data_path: str
    total_frames: int
    video_path: str | None = None


@dataclass(frozen=True, slots=True)
class LeRobotEpisode:
    """One episode: its number, rows ``start`` to ``end``, shards by feature, start in each video.

    The key of the rows' shard is ``data``; a shard is its chunk and its number in it.
    """

    number: int
    start: int
    end: int
    shards: Mapping[str, tuple[int, int]]
    starts_s: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class LeRobotFrame:
    """One frame of a video that several episodes share."""

    video: AvVideo
    time_s: Fraction
    tolerance_s: Fraction
    in_order: ClassVar[bool] = True

    @property
    def where(self) -> str:
        """The file's path and the time in it."""
        return f"{self.video.path}[{float(self.time_s):.3f} s]"

    def read(self) -> NDArray[np.uint8]:
        """Decode it. Raises FrameError."""
        return self.video.read_at(self.time_s, self.tolerance_s)

    def digest(self) -> bytes:
        """Return a digest of the file and the time. Raises FrameError."""
        about = f"{self.time_s}".encode()
        return hashlib.blake2b(self.video.digest() + about, digest_size=16).digest()


@dataclass(slots=True)
class LeRobotReader:
    """Reads a LeRobot data set of version 3.

    Parameters
    ----------
    rgb, left, right : str, optional
        Features of the channels; ``rgb`` is the first camera where None.
    pose : str, optional
        Feature of x and y in metres and a heading in radians; ``observation.state`` where its
        names say that it holds them.
    label : str, optional
        Feature that names the room, or ``task``: the episode's task; where None a feature of
        strings whose name has room, place, label or location.
    episodes : list of int, optional
        Which episodes to read, all where None.
    """

    title = "lerobot: a LeRobot data set of version 3 (meta/info.json, Parquet, MP4)"

    rgb: str | None = None
    left: str | None = None
    right: str | None = None
    pose: str | None = None
    label: str | None = None
    episodes: list[int] | None = None

    def detects(self, path: Path) -> bool:
        """Return whether meta/info.json exists."""
        return (path / "meta" / "info.json").is_file()

    def read(self, path: Path) -> Reading:
        """Read tables, not images, noting every fault."""
        try:
            info = read_info(path)
            return _LeRobotTables(path, info, self).reading()
        except InputFaults as e:
            return Reading(None, list(e.faults))
        except MissingExtraError as e:
            raise MissingExtraError(str(e).replace("[parquet]", "[lerobot]")) from e


def read_info(path: Path) -> LeRobotInfo:
    """Return what meta/info.json says. Raises InputFaults."""
    table = path / "meta" / "info.json"
    try:
        info = msgspec.json.decode(read_regular(table), type=LeRobotInfo)
    except OSError as e:
        raise not_readable(table, e) from e
    except (msgspec.MsgspecError, UnicodeDecodeError) as e:
        raise InputFaults(Fault(table, f"not the info.json of a LeRobot data set: {e}")) from e
    if not info.codebase_version.startswith("v3."):
        remedy = "convert it with lerobot's convert_dataset_v21_to_v30"
        message = f"expected a data set of version v3.0, got {info.codebase_version!r}"
        raise InputFaults(Fault(table, message, remedy=remedy))
    if not 1e-3 <= info.fps <= 1e4:
        raise InputFaults(Fault(table, f"fps: expected 0.001 to 10000, got {info.fps:g}"))
    return info


def shard_path(root: Path, template: str, shard: tuple[int, int], video_key: str = "") -> Path:
    """Return the path of a shard; ``template`` is data_path or video_path of info.json.

    Raises InputFaults where it leads out of the data set.
    """
    values = {"chunk_index": shard[0], "file_index": shard[1], "video_key": video_key}
    name = _PLACE.sub(lambda m: str(values[m[1]]).zfill(int(m[2] or 0)), template)
    if Path(name).is_absolute() or ".." in Path(name).parts or "{" in name:
        message = f"expected a path inside the data set, got {template!r}"
        raise InputFaults(Fault(root / "meta" / "info.json", message))
    return root / name


def read_episodes(root: Path, info: LeRobotInfo, keys: Iterable[str]) -> list[LeRobotEpisode]:
    """Return the episodes in order; ``keys`` are the features whose videos are wanted.

    Raises InputFaults where they are missing or do not follow each other.
    """
    folder = root / "meta" / "episodes"
    videos = [k for k in keys if info.features[k].dtype == "video"]
    places = {"data": "data", **{k: f"videos/{k}" for k in videos}}
    columns = ["episode_index", "dataset_from_index", "dataset_to_index"]
    columns += [f"{p}/{what}" for p in places.values() for what in ("chunk_index", "file_index")]
    columns += [f"videos/{k}/from_timestamp" for k in videos]
    episodes = []
    for file in sorted(folder.glob("chunk-*/file-*.parquet")):
        for row in _rows(file, columns):
            shards = {
                k: (row[f"{p}/chunk_index"], row[f"{p}/file_index"]) for k, p in places.items()
            }
            starts = {k: row[f"videos/{k}/from_timestamp"] for k in videos}
            start, end = row["dataset_from_index"], row["dataset_to_index"]
            episodes.append(LeRobotEpisode(row["episode_index"], start, end, shards, starts))
    if not episodes:
        raise InputFaults(Fault(folder, "no episodes in it"))
    episodes.sort(key=lambda e: e.number)
    at = 0
    for episode in episodes:
        if episode.start != at or episode.end <= at:
            message = (
                f"episode {episode.number}: expected rows from {at} on, got {episode.start} to "
                f"{episode.end}"
            )
            raise InputFaults(Fault(folder, message))
        at = episode.end
    if at != info.total_frames:
        message = f"total_frames: expected {at} as the episodes hold, got {info.total_frames}"
        raise InputFaults(Fault(root / "meta" / "info.json", message))
    return episodes


def _rows(file: Path, columns: list[str]) -> Iterator[dict[str, Any]]:
    table = ParquetTable(file)
    table.require(*columns)
    for _, n_rows, values in table.groups(columns):
        for i in range(n_rows):
            row = {c: values[c][i] for c in columns}
            if empty := [c for c, v in row.items() if v is None]:
                raise InputFaults(Fault(file, f"row {i}: {empty[0]} is empty"))
            yield row


@dataclass(slots=True)
class _LeRobotRows:
    """The rows of the wanted episodes, and what is wrong with them."""

    frames: list[FrameEntry] = field(default_factory=list)
    truth: dict[int, Truth] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


class _LeRobotTables:
    """Reads the tables of one data set into a sequence."""

    def __init__(self, root: Path, info: LeRobotInfo, reader: LeRobotReader) -> None:
        self.root, self.info, self.reader = root, info, reader
        self.warnings: list[str] = []
        self.cameras = self._choose_cameras()
        if not is_installed() and any(
            info.features[k].dtype == "video" for k in self.cameras.values()
        ):
            raise MissingExtraError(
                f"{root}: its videos are read by PyAV; install it with: "
                "pip install 'robotvision[lerobot]'"
            )
        self.pose = self._choose_pose()
        self.label = self._choose_label()
        self.videos: dict[Path, AvVideo] = {}
        self.tasks = _read_tasks(root) if self.label == "task" else {}

    def reading(self) -> Reading:
        episodes = self._wanted(read_episodes(self.root, self.info, self.cameras.values()))
        rows = _LeRobotRows()
        by_shard: dict[tuple[int, int], list[LeRobotEpisode]] = {}
        for episode in episodes:
            by_shard.setdefault(episode.shards["data"], []).append(episode)
        for shard, of_shard in by_shard.items():
            self._read_shard(shard, of_shard, rows)
        rate_hz = self.info.fps if OWN_TIME not in self.info.features else None
        sequence = ImageSequence(
            name=self.root.resolve().name,
            root=self.root,
            reader="lerobot",
            channels=dict.fromkeys(self.cameras, ChannelKind.COLOR),
            frames=tuple(rows.frames),
            rate_hz=rate_hz,
            truth=rows.truth if self.label is not None else None,
            note=", ".join(f"{c}: {f}" for c, f in self.cameras.items()),
        )
        return Reading(sequence, rows.faults, self.warnings)

    def _wanted(self, episodes: list[LeRobotEpisode]) -> list[LeRobotEpisode]:
        wanted = self.reader.episodes
        if wanted is None:
            return episodes
        known = {e.number for e in episodes}
        if missing := [n for n in wanted if n not in known]:
            message = f"no episode {missing[0]}; it has {min(known)} to {max(known)}"
            raise InputFaults(Fault(self.root, message))
        return [e for e in episodes if e.number in wanted]

    def _read_shard(
        self, shard: tuple[int, int], episodes: list[LeRobotEpisode], rows: _LeRobotRows
    ) -> None:
        """Add the frames of the episodes whose rows a shard holds."""
        table = ParquetTable(shard_path(self.root, self.info.data_path, shard))
        columns = ["index", "episode_index", "frame_index", "timestamp"]
        own = [c for c in (OWN_TIME, OWN_INDEX, OBJECTS) if c in self.info.features]
        label = [self.label and {"task": "task_index"}.get(self.label, self.label)]
        columns += [*own, *(c for c in (self.pose, *label) if c)]
        table.require(*columns)
        by_number = {e.number: e for e in episodes}
        n_read = dict.fromkeys(by_number, 0)
        for group, _, values in table.groups(columns):
            for i, number in enumerate(values["episode_index"]):
                if (episode := by_number.get(number)) is None:
                    continue
                row = {c: values[c][i] for c in columns}
                expected = episode.start + n_read[number]
                if row["index"] != expected or row["frame_index"] != n_read[number]:
                    message = (
                        f"row group {group}, row {i}: expected index {expected} and frame_index "
                        f"{n_read[number]}, got {row['index']} and {row['frame_index']}"
                    )
                    raise InputFaults(Fault(table.path, message))
                n_read[number] += 1
                self._add(row, episode, (table, group, i), rows)
        for number, n in n_read.items():
            length = by_number[number].end - by_number[number].start
            if n != length:
                message = f"episode {number}: expected {length} rows, got {n}"
                raise InputFaults(Fault(table.path, message))

    def _add(
        self,
        row: dict[str, Any],
        episode: LeRobotEpisode,
        place: tuple[ParquetTable, int, int],
        rows: _LeRobotRows,
    ) -> None:
        time_s = self._time_s(row)
        time_ns = _one(row[OWN_TIME]) if OWN_TIME in row else None
        if time_ns is None:
            time_ns = round((Fraction(episode.start) / Fraction(self.info.fps) + time_s) * 10**9)
        index = _one(row[OWN_INDEX]) if OWN_INDEX in row else row["index"]
        sources: dict[str, Source] = {}
        for channel, key in self.cameras.items():
            if self.info.features[key].dtype == "image":
                sources[channel] = ParquetImage(place[0], key, *place[1:])
            else:
                sources[channel] = self._video_frame(key, episode, time_s)
        pose = self._pose(row)
        name = f"episode_{episode.number:06d}_frame_{row['frame_index']:06d}"
        rows.frames.append(FrameEntry(index, time_ns, sources, episode.number, pose, name))
        if (room := self._room(row)) is not None:
            rows.truth[index] = Truth(room, objects_of(_one(row.get(OBJECTS)) or ""))

    def _time_s(self, row: dict[str, Any]) -> Fraction:
        nominal = Fraction(row["frame_index"]) / Fraction(self.info.fps)
        is_nominal = abs(row["timestamp"] - nominal) <= TOLERANCE_S
        return nominal if is_nominal else Fraction(row["timestamp"])

    def _video_frame(self, key: str, episode: LeRobotEpisode, time_s: Fraction) -> LeRobotFrame:
        template = self.info.video_path or ""
        path = shard_path(self.root, template, episode.shards[key], key)
        video = self.videos.setdefault(path, AvVideo(path))
        tolerance = 1 / Fraction(self.info.fps) / 4
        return LeRobotFrame(video, Fraction(episode.starts_s[key]) + time_s, tolerance)

    def _pose(self, row: dict[str, Any]) -> Pose | None:
        if self.pose is None:
            return None
        x, y, theta = map(float, row[self.pose])
        return (x, y, theta) if np.isfinite([x, y, theta]).all() else None

    def _room(self, row: dict[str, Any]) -> str | None:
        if self.label is None:
            return None
        value = self.tasks.get(row["task_index"]) if self.label == "task" else row[self.label]
        return str(_one(value)).strip() or None if value is not None else None

    def _choose_cameras(self) -> dict[str, str]:
        known = [k for k, f in self.info.features.items() if f.is_camera]
        named = {c: n for c in CHANNELS if (n := getattr(self.reader, c)) is not None}
        for channel, name in named.items():
            if name not in known:
                has = f"it has: {', '.join(known) or 'none'}"
                message = f"no camera {name!r} for {channel}{near(name, known)}; {has}"
                raise InputFaults(Fault(self.root, message))
        if not named and known:
            named = {"rgb": known[0]}
            if others := known[1:]:
                self.warnings.append(
                    f"rgb is read from {known[0]}; also there: {', '.join(others)} (name one with "
                    "rgb, left or right)"
                )
        if not named:
            raise InputFaults(Fault(self.root, "no camera in it (a feature of video or image)"))
        return named

    def _choose_pose(self) -> str | None:
        features, name = self.info.features, self.reader.pose
        if name is None:
            state = features.get("observation.state")
            return "observation.state" if state and state.names in POSE_NAMES else None
        if name not in features or features[name].shape != [3]:
            message = f"pose: expected a feature of three numbers, got {name!r}"
            raise InputFaults(Fault(self.root, message + near(name, features)))
        return name

    def _choose_label(self) -> str | None:
        features, name = self.info.features, self.reader.label
        strings = [k for k, f in features.items() if f.dtype == "string"]
        if name is None:
            return next((k for k in strings if ROOM_WORDS.search(k.lower())), None)
        if name != "task" and name not in strings:
            has = f"it has: {', '.join(['task', *strings])}"
            message = f"label: expected a feature of strings, got {name!r}; {has}"
            raise InputFaults(Fault(self.root, message))
        return name


def _read_tasks(root: Path) -> dict[int, str]:
    """Return the tasks by number. Raises InputFaults."""
    table = ParquetTable(root / "meta" / "tasks.parquet")
    names = table.open().schema_arrow.names
    text = next((n for n in names if n != "task_index"), None)
    if "task_index" not in names or text is None:
        raise InputFaults(Fault(table.path, "expected a number and a text of each task"))
    return {
        number: task
        for _, _, values in table.groups(["task_index", text])
        for number, task in zip(values["task_index"], values[text], strict=True)
    }


def _one(value: Any) -> Any:
    """Return the value of a feature of one number, which may stand in a list."""
    return value[0] if isinstance(value, list) else value
