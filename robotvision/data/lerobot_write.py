"""Write a sequence as a LeRobot data set of version 3: an episode for each segment.

Colour channels become videos (H.264) or, with ``images``, cells of the tables that hold JPEG and
PNG files byte for byte. Rooms are the feature ``room``, poses ``observation.state``. LeRobot's
rows lie on a regular grid of time; a frame's own time and number and its objects are kept beside
it, and `robotvision.data.lerobot` reads them back. Depth and point clouds are left out.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from robotvision.data.avvideo import is_installed
from robotvision.data.convert import stored_image
from robotvision.data.images import encode_png
from robotvision.data.lerobot import OBJECTS, OWN_INDEX, OWN_TIME, POSE_NAMES
from robotvision.data.sequence import ChannelKind, FrameEntry, ImageSequence
from robotvision.errors import MissingExtraError, RobotVisionError
from robotvision.plugins.progress import Progress, quiet
from robotvision.writing import new_folder

if TYPE_CHECKING:
    import av

VERSION = "v3.0"
MAX_FILES = 1000
"""Files of a folder ``chunk-<n>``."""
DATA_MB, VIDEO_MB = 100, 200
"""A file that has reached so much is not gone on with: LeRobot's own sizes."""
DATA_PATH = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
VIDEO_PATH = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
TASK = "say which room it is"


def write_lerobot(
    sequence: ImageSequence,
    target: Path,
    *,
    images: bool = False,
    truth: bool = True,
    poses: bool = True,
    max_mb: float | None = None,
    progress: Progress = quiet,
) -> list[str]:
    """Write ``sequence`` to the new folder ``target``, whole or not at all.

    Parameters
    ----------
    sequence : ImageSequence
    target : Path
        A folder that is empty or does not exist.
    images : bool, optional
        Keep image files in the tables instead of videos.
    truth, poses : bool, optional
        Write rooms and poses.
    max_mb : float, optional
        Size at which files end, in place of `DATA_MB` and `VIDEO_MB`.
    progress : callable, optional

    Returns
    -------
    list of str
        What was left out.

    Raises
    ------
    RobotVisionError
        A frame lacks an image or it cannot be read, images of a channel differ in size, or the
        folder holds something.
    """
    cameras = sequence.channels_of(ChannelKind.COLOR)
    others = [c for c in sequence.channels if c not in cameras]
    _require(sequence, cameras, images=images)
    rate = sequence.measured_rate_hz
    with new_folder(target) as folder:
        writer = _LeRobotWriter(folder, sequence, cameras, max(1, round(rate or 1)), images, max_mb)
        writer.has_poses = poses and any(f.pose for f in sequence.frames)
        writer.has_rooms = truth and bool(sequence.truth)
        for number, (start, end) in enumerate(sequence.segments()):
            writer.add_episode(number, start, end, progress)
        writer.finish()
    return [f"the channel {c} is left out: LeRobot has no place for it" for c in others]


def _require(sequence: ImageSequence, cameras: list[str], *, images: bool) -> None:
    """Raise where the sequence or this machine cannot be written from."""
    try:
        import pyarrow  # noqa: F401
    except ImportError as e:
        raise MissingExtraError(
            "writing LeRobot data sets needs pyarrow; install it with: "
            "pip install 'robotvision[lerobot]'"
        ) from e
    if not images and not is_installed():
        raise MissingExtraError(
            "writing videos needs PyAV; install it with: pip install 'robotvision[lerobot]', or "
            "keep image files"
        )
    if not cameras or not sequence.frames:
        raise RobotVisionError(f"{sequence.root}: no images in colour to write")
    for position, entry in enumerate(sequence.frames):
        if missing := [c for c in cameras if c not in entry.sources]:
            raise RobotVisionError(
                f"{sequence.root}: frame {entry.index} (position {position}) has no "
                f"{missing[0]}: in a LeRobot data set each frame has an image of each camera"
            )


@dataclass(slots=True)
class _OpenShard:
    """The file that is being written: its number, and what is in it so far."""

    number: int = 0
    file: Any = None
    path: Path | None = None
    n_frames: int = 0
    n_bytes: int = 0

    @property
    def place(self) -> dict[str, int]:
        return {"chunk_index": self.number // MAX_FILES, "file_index": self.number % MAX_FILES}


@dataclass(slots=True)
class _FeatureStats:
    """Least, most, mean and deviation of a feature, by component."""

    least: NDArray[np.float64] | None = None
    most: NDArray[np.float64] | None = None
    total: Any = 0.0
    squares: Any = 0.0
    n: int = 0
    frames: int = 0

    def add(self, values: NDArray[Any]) -> None:
        """Add (n, components) values of one frame."""
        values = np.asarray(values, np.float64)
        low, high = values.min(axis=0), values.max(axis=0)
        self.least = low if self.least is None else np.minimum(self.least, low)
        self.most = high if self.most is None else np.maximum(self.most, high)
        self.total, self.squares = self.total + values.sum(0), self.squares + (values**2).sum(0)
        self.n, self.frames = self.n + len(values), self.frames + 1

    def as_json(self, *, is_image: bool) -> dict[str, Any]:
        """Return what stats.json holds of a feature; of images (3, 1, 1) values from 0 to 1."""
        mean = self.total / self.n
        std = np.sqrt(np.maximum(self.squares / self.n - mean**2, 0))
        values = {"min": self.least, "max": self.most, "mean": mean, "std": std}
        shape = (-1, 1, 1) if is_image else (-1,)
        result = {k: np.reshape(np.asarray(v), shape).tolist() for k, v in values.items()}
        return result | {"count": [self.frames]}


@dataclass(slots=True)
class _LeRobotWriter:
    """Writes a data set an episode at a time."""

    folder: Path
    sequence: ImageSequence
    cameras: list[str]
    fps: int
    images: bool
    max_mb: float | None
    has_poses: bool = False
    has_rooms: bool = False
    data: _OpenShard = field(default_factory=_OpenShard)
    videos: dict[str, _OpenShard] = field(default_factory=dict)
    sizes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    stats: dict[str, _FeatureStats] = field(default_factory=dict)
    episodes: list[dict[str, Any]] = field(default_factory=list)
    n_frames: int = 0

    def add_episode(self, number: int, start: int, end: int, progress: Progress) -> None:
        """Write the frames at positions ``start`` to ``end`` as one episode."""
        about: dict[str, Any] = {"episode_index": number, "tasks": [TASK], "length": end - start}
        for camera in self.cameras if not self.images else ():
            self._begin_video(camera, about)
        rows: dict[str, list[Any]] = {}
        for k, position in enumerate(range(start, end)):
            for key, value in self._row(position, k, number):
                rows.setdefault(key, []).append(value)
            progress(self.sequence.name, position + 1, len(self.sequence))
        self._write_rows(rows, about)
        about |= {
            "dataset_from_index": self.n_frames,
            "dataset_to_index": self.n_frames + len(range(start, end)),
        }
        about |= {"meta/episodes/chunk_index": 0, "meta/episodes/file_index": 0}
        self.n_frames += end - start
        for camera in self.cameras if not self.images else ():
            shard = self.videos[camera]
            about[f"videos/{_key(camera)}/to_timestamp"] = shard.n_frames / self.fps
        self.episodes.append(about)

    def _row(self, position: int, k: int, episode: int) -> Iterator[tuple[str, Any]]:
        """Write a frame's images and yield its cells."""
        entry = self.sequence.frames[position]
        for camera in self.cameras:
            pixels = entry.sources[camera].read()
            shape = self.sizes.setdefault(camera, pixels.shape)
            if pixels.shape != shape:
                raise RobotVisionError(
                    f"{entry.sources[camera].where}: expected {shape[1]}x{shape[0]} pixels as "
                    f"before, got {pixels.shape[1]}x{pixels.shape[0]}"
                )
            small = pixels[:: max(1, shape[0] // 48), :: max(1, shape[1] // 48)]
            self._count(_key(camera), small.reshape(-1, 3) / 255)
            if self.images:
                raw = stored_image(entry.sources[camera], pixels)
                raw = raw if isinstance(raw, bytes) else encode_png(raw)
                extension = "png" if raw.startswith(b"\x89PNG") else "jpg"
                yield _key(camera), {"bytes": raw, "path": f"frame-{k:06d}.{extension}"}
            else:
                self._add_to_video(camera, pixels)
        yield from self._numbers(entry, k, episode)

    def _numbers(self, entry: FrameEntry, k: int, episode: int) -> Iterator[tuple[str, Any]]:
        if self.has_poses:
            yield "observation.state", list(entry.pose or (math.nan,) * 3)
        if self.has_rooms:
            known = (self.sequence.truth or {}).get(entry.index)
            yield "room", known.room if known else ""
            yield OBJECTS, ";".join(sorted(known.objects)) if known else ""
        yield OWN_TIME, entry.timestamp_ns
        yield OWN_INDEX, entry.index
        yield "timestamp", k / self.fps
        yield "frame_index", k
        yield "episode_index", episode
        yield "index", self.n_frames + k
        yield "task_index", 0

    def _count(self, key: str, values: NDArray[Any]) -> None:
        self.stats.setdefault(key, _FeatureStats()).add(values)

    def _write_rows(self, rows: dict[str, list[Any]], about: dict[str, Any]) -> None:
        """Write the rows of one episode as a row group."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        schema = pa.schema(
            [(key, _arrow_type(f)) for key, f in self.features().items() if f["dtype"] != "video"]
        )
        shard = self.data
        if shard.path is not None and shard.path.stat().st_size >= (self.max_mb or DATA_MB) * 2**20:
            shard.file.close()
            self.data = shard = _OpenShard(shard.number + 1)
        if shard.path is None:
            shard.path = self._new_path(DATA_PATH, shard)
            shard.file = pq.ParquetWriter(shard.path, schema)
        table = pa.table({n: pa.array(rows[n], schema.field(n).type) for n in schema.names}, schema)
        shard.file.write_table(table)
        about |= {f"data/{k}": v for k, v in shard.place.items()}
        for key, values in rows.items():
            if isinstance(values[0], int | float):
                self._count(key, np.array(values, np.float64)[:, None])
            elif key == "observation.state":
                known = [v for v in values if not math.isnan(v[0])]
                if known:
                    self._count(key, np.array(known))

    def _begin_video(self, camera: str, about: dict[str, Any]) -> None:
        """Go on with the camera's file, or begin another where it is large."""
        shard = self.videos.setdefault(camera, _OpenShard())
        if shard.n_bytes >= (self.max_mb or VIDEO_MB) * 2**20:
            _end_video(shard)
            self.videos[camera] = shard = _OpenShard(shard.number + 1)
        if shard.path is None:
            shard.path = self._new_path(VIDEO_PATH, shard, _key(camera))
        key = f"videos/{_key(camera)}"
        about |= {f"{key}/{k}": v for k, v in shard.place.items()}
        about[f"{key}/from_timestamp"] = shard.n_frames / self.fps

    def _add_to_video(self, camera: str, pixels: NDArray[np.uint8]) -> None:
        import av

        shard = self.videos[camera]
        if shard.file is None:
            shard.file = av.open(str(shard.path), "w")
            _add_stream(shard.file, self.fps, pixels.shape)
        stream = shard.file.streams.video[0]
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
        frame.pts, frame.time_base = shard.n_frames, Fraction(1, self.fps)
        for packet in stream.encode(frame):
            shard.n_bytes += packet.size
            shard.file.mux(packet)
        shard.n_frames += 1

    def _new_path(self, template: str, shard: _OpenShard, key: str = "") -> Path:
        path = self.folder / template.format(**shard.place, video_key=key)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def features(self) -> dict[str, dict[str, Any]]:
        """Return the features as info.json describes them."""
        features: dict[str, dict[str, Any]] = {}
        for camera in self.cameras:
            height, width, _ = self.sizes[camera]
            names = ["height", "width", "channels"]
            kind = "image" if self.images else "video"
            features[_key(camera)] = {"dtype": kind, "shape": [height, width, 3], "names": names}
            if not self.images:
                features[_key(camera)]["info"] = {
                    "video.height": height,
                    "video.width": width,
                    "video.codec": "h264",
                    "video.pix_fmt": _pixel_format(height, width),
                    "video.is_depth_map": False,
                    "video.fps": self.fps,
                    "video.channels": 3,
                    "has_audio": False,
                }
        if self.has_poses:
            state = {"dtype": "float64", "shape": [3], "names": POSE_NAMES[0]}
            features["observation.state"] = state
        kinds = {"room": "string", OBJECTS: "string"} if self.has_rooms else {}
        kinds |= {OWN_TIME: "int64", OWN_INDEX: "int64", "timestamp": "float32"}
        kinds |= dict.fromkeys(("frame_index", "episode_index", "index", "task_index"), "int64")
        one: dict[str, Any] = {"shape": [1], "names": None}
        return features | {key: {"dtype": kind, **one} for key, kind in kinds.items()}

    def finish(self) -> None:
        """Write the tables of episodes and tasks, the statistics and info.json."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        self.data.file.close()
        for shard in self.videos.values():
            _end_video(shard)
        meta = self.folder / "meta"
        table = meta / "episodes" / "chunk-000" / "file-000.parquet"
        table.parent.mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist(self.episodes), table)
        pq.write_table(_tasks_table(), meta / "tasks.parquet")
        cameras = {_key(c) for c in self.cameras}
        stats = {k: s.as_json(is_image=k in cameras) for k, s in self.stats.items()}
        _write_json(meta / "stats.json", stats)
        _write_json(meta / "info.json", self._info())

    def _info(self) -> dict[str, Any]:
        return {
            "codebase_version": VERSION,
            "robot_type": None,
            "total_episodes": len(self.episodes),
            "total_frames": self.n_frames,
            "total_tasks": 1,
            "chunks_size": MAX_FILES,
            "data_files_size_in_mb": DATA_MB,
            "video_files_size_in_mb": VIDEO_MB,
            "fps": self.fps,
            "splits": {"train": f"0:{len(self.episodes)}"},
            "data_path": DATA_PATH,
            "video_path": None if self.images else VIDEO_PATH,
            "features": self.features(),
        }


def _key(camera: str) -> str:
    return f"observation.images.{camera}"


def _pixel_format(height: int, width: int) -> str:
    """Return H.264's usual pixels, those of full colour where a side is odd."""
    return "yuv444p" if height % 2 or width % 2 else "yuv420p"


def _add_stream(container: av.container.OutputContainer, fps: int, shape: tuple[int, ...]) -> None:
    """Add a stream whose every second frame is a key frame, as LeRobot has it: quick to seek in."""
    stream = container.add_stream("libx264", rate=fps, options={"crf": "18", "g": "2"})
    stream.width, stream.height = shape[1], shape[0]
    stream.pix_fmt = _pixel_format(shape[0], shape[1])


def _end_video(shard: _OpenShard) -> None:
    for packet in shard.file.streams.video[0].encode():
        shard.file.mux(packet)
    shard.file.close()


def _arrow_type(feature: Mapping[str, Any]) -> Any:
    import pyarrow as pa

    kind = feature["dtype"]
    if kind == "image":
        return pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    type_ = {
        "string": pa.string(),
        "int64": pa.int64(),
        "float32": pa.float32(),
        "float64": pa.float64(),
    }[kind]
    return pa.list_(type_, 3) if feature["shape"] == [3] else type_


def _tasks_table() -> Any:
    """Return the one task, its text as pandas' index, where LeRobot looks for it."""
    import pyarrow as pa

    text: dict[str, Any] = {"name": None, "field_name": "__index_level_0__", "metadata": None}
    number: dict[str, Any] = {"name": "task_index", "field_name": "task_index", "metadata": None}
    pandas = {
        "index_columns": ["__index_level_0__"],
        "column_indexes": [],
        "columns": [
            number | {"pandas_type": "int64", "numpy_type": "int64"},
            text | {"pandas_type": "unicode", "numpy_type": "object"},
        ],
        "pandas_version": "2.0.0",
    }
    table = pa.table({"task_index": pa.array([0], pa.int64()), "__index_level_0__": [TASK]})
    return table.replace_schema_metadata({"pandas": json.dumps(pandas)})


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=4) + "\n", encoding="utf-8")
