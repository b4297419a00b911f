"""The layout of EuRoC MAV, and of what is recorded like it (TUM VI).

::

    mav0/cam0/data.csv        timestamp [ns],filename
    mav0/cam0/data/<file>
    mav0/cam0/sensor.yaml     intrinsics, resolution, T_BS; may be absent
    mav0/cam1                 the right camera; may be absent
    mav0/state_groundtruth_estimate0/data.csv    timestamp, position, quaternion w x y z, ...
                                                 (or mocap0/data.csv); may be absent

``rgb`` and ``left`` are cam0, ``right`` is cam1, joined by time (`robotvision.data.associate`).
Poses are those of cam0 (the body's, moved by cam0's T_BS), interpolated; the heading is that of
its optical axis in the world's ground plane. Images are as recorded: not undistorted.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.data.associate import MAX_DIFF_NS, one_to_one
from robotvision.data.bags.pose import at_times
from robotvision.data.names import color_file, is_inside, text_lines, time_fault, whole
from robotvision.data.sequence import (
    ChannelKind,
    FrameEntry,
    ImageSequence,
    Pose,
    Reading,
)
from robotvision.errors import Fault, InputFaults
from robotvision.yamlfile import load

_TRUTHS = ("state_groundtruth_estimate0", "mocap0")

Matrix = NDArray[np.float64]


class EurocReader:
    """Reads the layout of EuRoC MAV."""

    title = "euroc: mav0/cam0/data.csv, cam1, state_groundtruth_estimate0 (EuRoC MAV, TUM VI)"

    def detects(self, path: Path) -> bool:
        """Return whether cam0/data.csv exists, there or in ``mav0``."""
        return (_base(path) / "cam0" / "data.csv").is_file()

    def read(self, path: Path) -> Reading:
        """Read the tables and join them by time, noting every fault."""
        faults: list[Fault] = []
        warnings: list[str] = []
        base = _base(path)
        rows = _read_images(base / "cam0", faults)
        times = np.array([r[1] for r in rows], np.int64)
        if not rows and not faults:
            faults.append(Fault(base / "cam0" / "data.csv", "no frames in it"))
        has_right = (base / "cam1" / "data.csv").is_file()
        rights = _read_images(base / "cam1", faults) if has_right else []
        joined = one_to_one(times, np.array([r[1] for r in rights], np.int64), MAX_DIFF_NS)
        if rights and (alone := int((joined < 0).sum())):
            warnings.append(f"{alone} of {len(rows)} frames have no right image within 0.02 s")
        sensors = [_read_sensor(base / f"cam{n}" / "sensor.yaml", faults) for n in (0, 1)]
        poses = _poses_of(base, times, _matrix(sensors[0]), faults, warnings)
        frames = []
        for i, (line, time_ns, name) in enumerate(rows):
            image = color_file(base / "cam0" / "data" / name)
            sources = {"rgb": image} | ({"left": image} if has_right else {})
            if joined[i] >= 0:
                right = base / "cam1" / "data" / rights[joined[i]][2]
                sources["right"] = color_file(right)
            frames.append(FrameEntry(i, time_ns, sources, pose=poses[i], name=name, line=line))
        names = ("rgb", "left", "right") if has_right else ("rgb",)
        real = path.resolve()
        sequence = ImageSequence(
            name=real.parent.name if real.name == "mav0" else real.name,
            root=path,
            reader="euroc",
            channels=dict.fromkeys(names, ChannelKind.COLOR),
            frames=tuple(frames),
            calibration=_calibration(sensors, names),
            note="images are as recorded, not undistorted",
            table=base / "cam0" / "data.csv",
        )
        return Reading(sequence, faults, warnings)


def _base(path: Path) -> Path:
    return path / "mav0" if (path / "mav0").is_dir() else path


def _read_images(camera: Path, faults: list[Fault]) -> list[tuple[int, int, str]]:
    """Return (line, time, file name) of each image of a camera."""
    table = camera / "data.csv"
    rows: list[tuple[int, int, str]] = []
    for line, text in text_lines(table, faults):
        if text.startswith("#"):
            continue
        cell, sep, name = (part.strip() for part in text.partition(","))
        time_ns = whole(cell)
        if time_ns is None or not sep or not is_inside(name) or "/" in name or not name:
            message = f"expected 'timestamp [ns],filename', got {text[:80]!r}"
            faults.append(Fault(table, message, line))
            continue
        if rows and (fault := time_fault(rows[-1][1], time_ns, table, line)):
            faults.append(fault)
        rows.append((line, time_ns, name))
    return rows


def _read_sensor(path: Path, faults: list[Fault]) -> dict[str, Any]:
    """Return a camera's sensor.yaml, empty where there is none."""
    if not path.is_file():
        return {}
    try:
        data = load(path).data
    except InputFaults as e:
        faults.extend(e.faults)
        return {}
    if not isinstance(data, dict):
        faults.append(Fault(path, "expected keys like intrinsics and T_BS"))
        return {}
    for key, n in (("intrinsics", 4), ("resolution", 2)):
        if key in data and _floats(data[key], n) is None:
            faults.append(Fault(path, f"{key}: expected {n} numbers, got {data[key]!r}"))
            del data[key]
    if "T_BS" in data and _matrix(data) is None:
        faults.append(Fault(path, "T_BS: expected a 4 x 4 matrix in its key data"))
    return data


def _floats(values: Any, n: int) -> list[float] | None:
    if not isinstance(values, list) or len(values) != n:
        return None
    is_number = all(isinstance(v, int | float) and math.isfinite(v) for v in values)
    return [float(v) for v in values] if is_number else None


def _matrix(sensor: dict[str, Any]) -> Matrix | None:
    """Return the sensor's place in the body, T_BS, or None."""
    about = sensor.get("T_BS")
    values = _floats(about.get("data"), 16) if isinstance(about, dict) else None
    return None if values is None else np.reshape(values, (4, 4))


def _calibration(
    sensors: list[dict[str, Any]], channels: tuple[str, ...]
) -> dict[str, dict[str, float]]:
    cameras = {}
    for channel in channels:
        sensor = sensors[channel == "right"]
        if "intrinsics" not in sensor:
            continue
        camera = dict(zip(("fx", "fy", "cx", "cy"), map(float, sensor["intrinsics"]), strict=True))
        if "resolution" in sensor:
            camera |= dict(zip(("width", "height"), map(float, sensor["resolution"]), strict=True))
        cameras[channel] = camera
    places = [_matrix(s) for s in sensors]
    if "right" in cameras and places[0] is not None and places[1] is not None:
        baseline_m = float(np.linalg.norm(places[0][:3, 3] - places[1][:3, 3]))
        for channel in {"left", "right"} & set(cameras):
            cameras[channel]["baseline_m"] = baseline_m
    return cameras


def _poses_of(
    base: Path,
    times: NDArray[np.int64],
    camera: Matrix | None,
    faults: list[Fault],
    warnings: list[str],
) -> list[Pose | None]:
    """Return cam0's pose at each time, from the first table of true poses there is."""
    tables = (base / name / "data.csv" for name in _TRUTHS)
    table = next((t for t in tables if t.is_file()), None)
    nowhere: list[Pose | None] = [None] * len(times)
    if table is None:
        return nowhere
    if camera is None:
        warnings.append("no T_BS in cam0/sensor.yaml: poses left out (the heading is the camera's)")
        return nowhere
    known: list[int] = []
    poses: list[Pose] = []
    for line, text in text_lines(table, faults):
        if text.startswith("#"):
            continue
        row = _parse_pose(text, camera)
        if row is None:
            message = "expected a time in ns, x y z and a quaternion w x y z that is not zero"
            faults.append(Fault(table, f"{message}, got {text[:80]!r}", line))
        elif known and (fault := time_fault(known[-1], row[0], table, line)):
            faults.append(fault)
        elif not known or row[0] > known[-1]:
            known.append(row[0])
            poses.append(row[1])
    joined = at_times(times, np.array(known, np.int64), poses, MAX_DIFF_NS)
    if alone := sum(p is None for p in joined):
        warnings.append(f"{alone} of {len(joined)} frames have no pose ({table.parent.name})")
    return joined


def _parse_pose(text: str, camera: Matrix) -> tuple[int, Pose] | None:
    """Return time and planar pose of the camera from a line of true poses of the body."""
    first, *cells = text.split(",")
    time_ns = whole(first.strip())
    try:
        x, y, z, qw, qx, qy, qz = map(float, cells[:7])
    except ValueError:
        return None
    norm = qw * qw + qx * qx + qy * qy + qz * qz
    if time_ns is None or not all(map(math.isfinite, (x, y, z, norm))) or norm < 1e-12:
        return None
    from scipy.spatial.transform import Rotation

    body = Rotation.from_quat([qx, qy, qz, qw])
    place = np.array([x, y, z]) + body.apply(camera[:3, 3])
    axis = body.apply(camera[:3, 2])
    return time_ns, (float(place[0]), float(place[1]), math.atan2(axis[1], axis[0]))
