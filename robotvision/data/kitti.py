"""The layout of the KITTI odometry benchmark: one folder of ``sequences/``.

::

    sequences/00/times.txt            seconds of each frame, one a line
    sequences/00/image_0 ... image_3  000000.png, ...: grey left, right; colour left, right
    sequences/00/calib.txt            P0: ... P3: 3 x 4 projections; may be absent
    poses/00.txt                      3 x 4 pose of the left grey camera; may be absent

``rgb`` is the left colour camera, the left grey one where there is no colour. ``left`` and
``right`` are the first pair there is, grey before colour. Poses are of the ground plane seen from
the first frame: x forwards, y to the left, the heading that of the optical axis (the benchmark's
development kit: z forwards, x to the right).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robotvision.data.names import color_file, list_names, read_seconds, text_lines, time_fault
from robotvision.data.sequence import (
    Calibration,
    ChannelKind,
    FrameEntry,
    ImageSequence,
    Pose,
    Reading,
)
from robotvision.errors import Fault

_PAIRS = ((0, 1), (2, 3))
_IMAGE = re.compile(r"([0-9]{6,9})\.(?:png|jpg)")


class KittiReader:
    """Reads one sequence of the KITTI odometry benchmark."""

    title = "kitti: times.txt, image_0 to image_3, calib.txt, ../../poses/<name>.txt (odometry)"

    def detects(self, path: Path) -> bool:
        """Return whether times.txt and a folder image_<n> exist."""
        return (path / "times.txt").is_file() and bool(_cameras(path))

    def read(self, path: Path) -> Reading:
        """Read times, names, calibration and poses, noting every fault."""
        faults: list[Fault] = []
        cameras = _cameras(path)
        if not cameras:
            return Reading(None, [Fault(path, "no images in it", remedy="expected image_0 ...")])
        times = _read_times(path / "times.txt", faults)
        channels = _channels(cameras)
        files = {n: _list_images(path / f"image_{n}", times, faults) for n in cameras}
        poses = _read_poses(path, len(times), faults)
        frames = []
        for i, (line, time_ns) in enumerate(times):
            sources = {
                c: color_file(path / f"image_{n}" / files[n][i])
                for c, n in channels.items()
                if i in files[n]
            }
            name = files[channels["rgb"]].get(i, "")
            pose = poses[i] if poses else None
            frames.append(FrameEntry(i, time_ns, sources, pose=pose, name=name, line=line))
        sequence = ImageSequence(
            name=path.resolve().name,
            root=path,
            reader="kitti",
            channels=dict.fromkeys(channels, ChannelKind.COLOR),
            frames=tuple(frames),
            calibration=_read_calibration(path / "calib.txt", channels, faults),
            note=", ".join(f"{c}: image_{n}" for c, n in channels.items()),
            table=path / "times.txt",
        )
        return Reading(sequence, faults)


def _cameras(path: Path) -> list[int]:
    return [n for n in range(4) if (path / f"image_{n}").is_dir()]


def _channels(cameras: list[int]) -> dict[str, int]:
    """Return the camera of each channel."""
    channels = {"rgb": next(n for n in (2, 0, 3, 1) if n in cameras)}
    pair = next((p for p in _PAIRS if set(p) <= set(cameras)), None)
    return channels | (dict(zip(("left", "right"), pair, strict=True)) if pair else {})


def _read_times(path: Path, faults: list[Fault]) -> list[tuple[int, int]]:
    """Return line and time of each frame."""
    rows: list[tuple[int, int]] = []
    for line, text in text_lines(path, faults):
        time_ns = read_seconds(text, path, line, faults)
        if time_ns is None:
            continue
        if rows and (fault := time_fault(rows[-1][1], time_ns, path, line)):
            faults.append(fault)
        rows.append((line, time_ns))
    return rows


def _list_images(folder: Path, times: list[tuple[int, int]], faults: list[Fault]) -> dict[int, str]:
    """Return the images' names by number; a fault where they are not those of the times."""
    names = list_names(folder, faults)
    files = {int(m[1]): n for n in names if (m := _IMAGE.fullmatch(n))}
    missing = [i for i in range(len(times)) if i not in files]
    beyond = [i for i in files if i >= len(times)]
    if missing:
        faults.append(
            Fault(
                folder,
                f"expected {len(times)} images as times.txt has lines: {len(missing)} missing, "
                f"the first {missing[0]:06d}.png",
            )
        )
    if beyond:
        faults.append(
            Fault(
                folder,
                f"expected {len(times)} images as times.txt has lines: {len(beyond)} beyond, "
                f"the first {files[min(beyond)]}",
            )
        )
    return files


def _read_poses(path: Path, n_frames: int, faults: list[Fault]) -> list[Pose] | None:
    """Return the pose of each frame, None where there is no file of them."""
    real = path.resolve()
    tables = (real.parent.parent / "poses" / f"{real.name}.txt", path / "poses.txt")
    table = next((t for t in tables if t.is_file()), None)
    if table is None:
        return None
    poses: list[Pose] = []
    n_faults = len(faults)
    for line, text in text_lines(table, faults):
        matrix = _numbers(text.split(), 12)
        if matrix is None:
            faults.append(Fault(table, f"expected 12 numbers, got {text[:60]!r}", line))
            continue
        x, z = matrix[3], matrix[11]  # x to the right, z forwards
        poses.append((z, -x, math.atan2(-matrix[2], matrix[10])))
    if len(poses) != n_frames and len(faults) == n_faults:
        message = f"expected {n_frames} poses as times.txt has lines, got {len(poses)}"
        faults.append(Fault(table, message))
    return poses if len(poses) == n_frames else None


def _read_calibration(path: Path, channels: Mapping[str, int], faults: list[Fault]) -> Calibration:
    if not path.is_file():
        return {}
    projections: dict[int, NDArray[np.float64]] = {}
    for line, text in text_lines(path, faults):
        head, _, rest = text.partition(":")
        if not re.fullmatch("P[0-3]", head):
            continue
        numbers = _numbers(rest.split(), 12)
        if numbers is None or not numbers[0] > 0:
            message = f"expected '{head}:' and 12 numbers, the first above 0, got {text[:60]!r}"
            faults.append(Fault(path, message, line))
        else:
            projections[int(head[1])] = np.reshape(numbers, (3, 4))
    cameras = {}
    for channel, n in channels.items():
        if (p := projections.get(n)) is None:
            continue
        cameras[channel] = {"fx": p[0, 0], "fy": p[1, 1], "cx": p[0, 2], "cy": p[1, 2]}
    if {"left", "right"} <= set(cameras):
        left, right = (projections[channels[c]] for c in ("left", "right"))
        baseline_m = abs(left[0, 3] - right[0, 3]) / left[0, 0]
        for channel in ("left", "right"):
            cameras[channel]["baseline_m"] = baseline_m
    return {c: {k: float(v) for k, v in camera.items()} for c, camera in cameras.items()}


def _numbers(cells: list[str], n: int) -> list[float] | None:
    """Return ``n`` finite numbers, or None."""
    try:
        numbers = [float(c) for c in cells]
    except ValueError:
        return None
    return numbers if len(numbers) == n and all(map(math.isfinite, numbers)) else None
