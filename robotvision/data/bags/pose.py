"""Where the robot was at each image: from odometry, from poses, or along a chain of transforms.

Between two messages at most `MAX_GAP_NS` apart the place is interpolated: linearly in x and y, the
heading (or, in transforms, the rotation) along the shorter arc. Outside and in longer gaps the
nearest message counts where it is no further than the largest difference that is joined.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from robotvision.data.associate import Times, nearest
from robotvision.data.bags.messages import heading
from robotvision.data.sequence import Pose

if TYPE_CHECKING:
    from scipy.spatial.transform import Rotation

MAX_GAP_NS = 500_000_000
FIXED = ("map", "odom", "world")
ROBOT = ("base_link", "base_footprint")

Edge = tuple[str, str]
"""Parent and child frame."""


def at_times(
    wanted_ns: Times, times_ns: Times, poses: list[Pose], max_diff_ns: int
) -> list[Pose | None]:
    """Return a pose for each wanted time, None where none is near.

    Parameters
    ----------
    wanted_ns : (N,) int64
        In any order.
    times_ns : (M,) int64
        Rising.
    poses : list of Pose
        One a time.
    """
    result: list[Pose | None] = []
    near = nearest(wanted_ns, times_ns, max_diff_ns)
    for wanted, k in zip(wanted_ns.tolist(), near.tolist(), strict=True):
        after = int(np.searchsorted(times_ns, wanted))
        if 0 < after < len(poses) and times_ns[after] - times_ns[after - 1] <= MAX_GAP_NS:
            span = int(times_ns[after] - times_ns[after - 1])
            share = (wanted - int(times_ns[after - 1])) / span
            result.append(_interpolate(poses[after - 1], poses[after], share))
        else:
            result.append(poses[k] if k >= 0 else None)
    return result


def _interpolate(a: Pose, b: Pose, share: float) -> Pose:
    turn = math.remainder(b[2] - a[2], 2 * math.pi)
    return (
        a[0] + share * (b[0] - a[0]),
        a[1] + share * (b[1] - a[1]),
        math.remainder(a[2] + share * turn, 2 * math.pi),
    )


class Transforms:
    """The transforms of a recording, by edge."""

    def __init__(self) -> None:
        self._rows: dict[Edge, list[tuple[int, tuple[float, ...]]]] = {}
        self._parents: dict[str, str] = {}
        self._static: set[Edge] = set()

    def add(self, transforms: Iterable[tuple[int, Any]], *, is_static: bool) -> None:
        """Add (time, TransformStamped) pairs."""
        for time_ns, t in transforms:
            edge = (t.header.frame_id.lstrip("/"), t.child_frame_id.lstrip("/"))
            p, q = t.transform.translation, t.transform.rotation
            row = (p.x, p.y, p.z, q.x, q.y, q.z, q.w)
            if not all(map(math.isfinite, row)) or math.hypot(*row[3:]) < 1e-6:
                continue
            self._rows.setdefault(edge, []).append((time_ns, row))
            self._parents[edge[1]] = edge[0]
            if is_static:
                self._static.add(edge)

    def frames(self) -> list[str]:
        """Return the names of all frames."""
        return sorted({*self._parents, *self._parents.values()})

    def chain(self, fixed: str | None, robot: str | None) -> list[Edge]:
        """Return the edges from the fixed frame to the robot's, empty where none joins them.

        Where None, the frames are those with the usual names (REP 105).
        """
        robot = robot or next((f for f in ROBOT if f in self._parents), None)
        if robot is None:
            return []
        up = [robot]
        while up[-1] in self._parents and len(up) <= len(self._parents):
            up.append(self._parents[up[-1]])
        fixed = fixed or next((f for f in FIXED if f in up), up[-1])
        if fixed not in up:
            return []
        path = up[: up.index(fixed) + 1][::-1]
        return list(pairwise(path))

    def at_times(self, edges: list[Edge], wanted_ns: Times, max_diff_ns: int) -> list[Pose | None]:
        """Return the pose of the chain's end in its beginning for each wanted time."""
        from scipy.spatial.transform import Rotation

        place = np.zeros((len(wanted_ns), 3))
        turn = Rotation.identity(len(wanted_ns))
        known = np.ones(len(wanted_ns), bool)
        for edge in edges:
            step, rotation, has = self._edge(edge, wanted_ns, max_diff_ns)
            place = place + turn.apply(step)
            turn = turn * rotation
            known &= has
        quats = turn.as_quat()
        return [
            (float(p[0]), float(p[1]), heading(*map(float, q))) if k else None
            for p, q, k in zip(place, quats, known.tolist(), strict=True)
        ]

    def _edge(
        self, edge: Edge, wanted_ns: Times, max_diff_ns: int
    ) -> tuple[NDArray[np.float64], Rotation, NDArray[np.bool_]]:
        from scipy.spatial.transform import Rotation, Slerp

        rows = sorted(self._rows[edge], key=lambda r: r[0])
        n = len(wanted_ns)
        if edge in self._static or len(rows) == 1:
            row = np.array(rows[-1][1])
            has = np.full(n, edge in self._static)
            if edge not in self._static:
                has = abs(wanted_ns - rows[0][0]) <= max_diff_ns
            return np.tile(row[:3], (n, 1)), Rotation.from_quat(np.tile(row[3:], (n, 1))), has
        times, first = np.unique([r[0] for r in rows], return_index=True)
        values = np.array([rows[i][1] for i in first])
        if len(times) == 1:
            times, values = np.append(times, times[0] + 1), np.repeat(values, 2, axis=0)
        held, has = _hold_last(wanted_ns, times.astype(np.int64), max_diff_ns)
        seconds, at = (times - times[0]) / 1e9, (held - times[0]) / 1e9
        step = np.stack([np.interp(at, seconds, values[:, k]) for k in range(3)], axis=1)
        turn = Slerp(seconds, Rotation.from_quat(values[:, 3:]))(at.clip(0, seconds[-1]))
        return step, turn, has


def _hold_last(wanted: Times, times: Times, max_diff_ns: int) -> tuple[Times, NDArray[np.bool_]]:
    """Return the times to interpolate at and whether each is near enough to what is known."""
    after = np.searchsorted(times, wanted).clip(1, len(times) - 1)
    before, behind = times[after - 1], times[after]
    inside = (wanted >= before) & (wanted <= behind) & (behind - before <= MAX_GAP_NS)
    near = nearest(wanted, times, max_diff_ns)
    return np.where(inside, wanted, times[near.clip(0)]), inside | (near >= 0)


def poses_of(rows: Mapping[int, Pose]) -> tuple[Times, list[Pose]]:
    """Return times, rising, and poses."""
    times = sorted(rows)
    return np.array(times, np.int64), [rows[t] for t in times]
