"""One small floor and its tours, built once; and made-up tours to lay rooms out around."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest

from robotvision.synth.drive_spec import DriveSpec
from robotvision.synth.sequence import Shot, shots
from robotvision.synth.trajectory import Track, segments_of

ROOMS = ("Corridor", "Toilet", "PrinterRoom", "ProfessorOffice")


@pytest.fixture(scope="session")
def spec() -> DriveSpec:
    """A short tour of a floor with four rooms."""
    return DriveSpec("small", seed=3, rooms=ROOMS, n_frames=12, width=96, height=72)


@pytest.fixture(scope="session")
def taken(spec: DriveSpec) -> list[Shot]:
    """Its frames."""
    return list(shots(spec))


def made(
    xy: Sequence[tuple[float, float]],
    rooms: Sequence[str],
    rate: float = 5.0,
    name: str = "made",
    light: str = "cloudy",
) -> Track:
    """Return a tour through points, looking ahead, at a constant rate from 100 s on."""
    points = np.array(xy, np.float64)
    heading = np.unwrap(np.arctan2(*np.gradient(points, axis=0).T[::-1]))
    times = 100 * 10**9 + np.round(np.arange(len(rooms)) * 1e9 / rate).astype(np.int64)
    names = tuple(
        f"t{t // 10**9}.{t // 1000 % 10**6:06d}_r{r}_x{x:g}_y{y:g}_a{a:g}.png"
        for t, r, (x, y), a in zip(times.tolist(), rooms, points, heading, strict=True)
    )
    return Track(
        name,
        Path(f"{name}.txt"),
        light,
        times,
        tuple(rooms),
        np.column_stack([points, heading]),
        segments_of(times, points),
        names,
        tuple(range(1, len(rooms) + 1)),
    )


@pytest.fixture(scope="session")
def tour() -> Callable[..., Track]:
    """Return the maker of tours through given points."""
    return made


@pytest.fixture(scope="session")
def plus() -> Callable[..., Track]:
    """Return the maker of a tour through a corridor along y and three rooms off it, and back."""

    def make(
        seed: int = 1,
        name: str = "walk_cloudy1",
        rooms: Mapping[str, str] = MappingProxyType({}),
        step: float = 0.12,
    ) -> Track:
        stops = [
            (0, -4),
            (1.2, -3),
            (0, 0),
            (0, 3),
            (-1.5, 3),
            (-3, 4),
            (-3.6, 3),
            (-1.5, 3.05),
            (0, 3.2),
            (0, 6),
            (1.5, 6),
            (3, 5.2),
            (3.2, 6.5),
            (1.5, 6.1),
            (0, 6.2),
            (0, 8),
            (0.1, 7),
            (0, 0),
            (-0.2, -3.5),
        ]
        rng = np.random.default_rng(seed)
        xy: list[tuple[float, float]] = []
        for a, b in pairwise(np.array(stops, float)):
            n = max(1, int(np.hypot(*(b - a)) / step))
            xy += [tuple(a + (b - a) * k / n + rng.normal(0, 0.015, 2)) for k in range(n)]
        labels = [
            "PA" if y < -1 else "BO" if x < -1.1 else "KT" if x > 1.1 else "CR" for x, y in xy
        ]
        return made(xy, [rooms.get(r, r) for r in labels], name=name)

    return make
