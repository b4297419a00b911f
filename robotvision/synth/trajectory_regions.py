"""Which ground belongs to which room, from labelled positions alone.

A decision tree (Breiman et al., 1984) with cuts along x and y parts the positions by label; the
bounds of each leaf's positions are the seed of a rectangle. Two rectangles are kept apart by the
line midway between their seeds, so each position lies on its own side, and each rectangle grows
from its seed towards these lines until a room of its kind has space for furniture.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robotvision.errors import Fault, UnknownNameError
from robotvision.synth.aliases import F64, I64
from robotvision.synth.kinds import KINDS, kind_of
from robotvision.synth.trajectory import Track

Rect = tuple[float, float, float, float]

OWN_SHARE = 0.99
"""Least share of the poses of a sequence's set in the region of their own label."""
SLIVER_M = 0.8, 1.5
"""A region narrower or shorter than this is no room."""
VOXEL_M = 0.05
"""A place where the robot stood long counts once."""
MARGIN_M = {"corridor": 0.95, "office_one": 1.9, "office_two": 1.9, "secretary": 1.9}
OTHER_MARGIN_M = 1.4
"""Ground round a room's positions: enough for a desk and its chair in offices."""


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of ground (x0, y0, x1, y1) that belongs to a label; ``seed``: its positions."""

    label: str
    kind: str
    seed: Rect
    rect: Rect


def kind_for(label: str) -> str:
    """Return how to furnish a label: by its name, else by a fixed hash of it."""
    stem = label.split("-")[0].rstrip("0123456789_ ")
    for word in (label, label.split("-")[0], stem):
        try:
            return kind_of(word)
        except UnknownNameError:
            continue
    plain = "".join(c for c in label.lower() if c.isalpha())
    for word, kind in _PARTS:
        if word in plain:
            return kind
    kinds = [k for k in KINDS if k not in ("corridor", "hall", "elevator")]
    return kinds[zlib.crc32(label.encode()) % len(kinds)]


_PARTS = (
    ("corridor", "corridor"), ("hallway", "corridor"), ("kitchen", "kitchen"), ("toilet", "toilet"),
    ("bath", "toilet"), ("printer", "printer"), ("copy", "printer"), ("meeting", "meeting"),
    ("conference", "meeting"), ("lounge", "lounge"), ("living", "lounge"), ("elevator", "elevator"),
    ("workshop", "technical"), ("hall", "hall"), ("secretar", "secretary"), ("store", "warehouse"),
    ("storage", "warehouse"), ("class", "classroom"), ("librar", "library"), ("dining", "kitchen"),
    ("lab", "office_many"), ("office", "office_one"), ("bed", "lounge"),
)  # fmt: skip


def partitions(tracks: Sequence[Track], spread_m: float) -> Iterator[tuple[Region, ...]]:
    """Yield ways to part the ground: a few rectangles for every label, none over another.

    The simplest come first. ``spread_m``: ground so far around a position counts as its label's too
    where no position of another label is nearer: rooms round a corner fall into parts with more
    space.
    """
    xy, index, names = _label_points(tracks)
    ways = _ways(tracks)
    seen: set[tuple[tuple[int, Rect], ...]] = set()
    ground = _spread(xy, index, spread_m)
    for n_leaves in range(len(names), 2 * len(names) + 6):
        own, seeds = _seeds(xy, index, ground, n_leaves)
        complete = {k for k, _ in seeds} == set(range(len(names)))
        if own < OWN_SHARE or not complete or tuple(seeds) in seen:
            continue
        seen.add(tuple(seeds))
        regions = _grow([(names[k], rect) for k, rect in seeds], ways)
        if not any(map(_is_sliver, regions)):
            yield tuple(sorted(regions, key=lambda r: (r.label, r.rect)))


def _label_points(tracks: Sequence[Track]) -> tuple[F64, I64, list[str]]:
    labels = [room for t in tracks for room in t.rooms]
    names = sorted(set(labels))
    number = {name: k for k, name in enumerate(names)}
    return np.concatenate([t.xy for t in tracks]), np.array([number[x] for x in labels]), names


def _is_sliver(region: Region) -> bool:
    x0, y0, x1, y1 = region.rect
    short, long = sorted((x1 - x0, y1 - y0))
    return short < SLIVER_M[0] or long < SLIVER_M[1]


def _ways(tracks: Sequence[Track]) -> tuple[F64, F64]:
    """Return the ends (N, 2) of the ways from each pose to the next that change the room."""
    starts, ends = [], []
    for t in tracks:
        rooms = np.array(t.rooms)
        k = np.flatnonzero((np.diff(t.segments) == 0) & (rooms[1:] != rooms[:-1]))
        starts.append(t.xy[k])
        ends.append(t.xy[k + 1])
    return np.concatenate(starts), np.concatenate(ends)


def _spread(xy: F64, index: I64, spread_m: float) -> tuple[F64, I64]:
    """Return the positions, and points around them that are nearest to one of the same label."""
    if not spread_m:
        return xy, index
    from scipy.spatial import cKDTree

    turns = np.arange(8) * math.pi / 4
    some = np.unique(np.column_stack([np.round(xy / 0.1), index]), axis=0, return_index=True)[1]
    thin, labels = xy[some], np.tile(index[some], 16)
    points = [
        thin + spread_m * share * np.array([math.cos(a), math.sin(a)])
        for a in turns
        for share in (0.5, 1.0)
    ]
    around = np.concatenate(points)
    same = index[cKDTree(xy).query(around)[1]] == labels
    return np.concatenate([xy, around[same]]), np.concatenate([index, labels[same]])


def _seeds(
    xy: F64, index: I64, ground: tuple[F64, I64], n_leaves: int
) -> tuple[float, list[tuple[int, Rect]]]:
    """Return the share of poses in a leaf of their label, and (label, bounds) of each leaf."""
    from sklearn.tree import DecisionTreeClassifier

    middle = xy.mean(0)
    points, labels = ground[0] - middle, ground[1]
    cells = np.column_stack([np.round(points / VOXEL_M), labels])
    _, cell, count = np.unique(cells, axis=0, return_inverse=True, return_counts=True)
    tree = DecisionTreeClassifier(max_leaf_nodes=max(2, n_leaves), random_state=0)
    tree.fit(points, labels, sample_weight=1 / count[cell.ravel()])
    leaf, predicted = tree.apply(points), tree.predict(points)
    seeds = []
    for k in np.unique(leaf):
        inside = (leaf == k) & (predicted == labels)
        if inside.any():
            low, high = ground[0][inside].min(0), ground[0][inside].max(0)
            seeds.append((int(predicted[leaf == k][0]), (*map(float, low), *map(float, high))))
    own = float((tree.predict(xy - middle) == index).mean())
    return own, _join_seeds(seeds)  # type: ignore[arg-type]


def _join_seeds(seeds: list[tuple[int, Rect]]) -> list[tuple[int, Rect]]:
    """Join seeds of one label where the rectangle round both meets no other."""
    seeds = list(seeds)
    k = 0
    while k < len(seeds):
        label, a = seeds[k]
        for j in range(k + 1, len(seeds)):
            b = seeds[j][1]
            both = (min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]))
            others = (r for i, (_, r) in enumerate(seeds) if i not in (j, k))
            if seeds[j][0] == label and not any(overlaps(both, r) for r in others):
                seeds[k] = label, both
                del seeds[j]
                k = -1
                break
        k += 1
    return seeds


def overlaps(a: Rect, b: Rect) -> bool:
    """Return whether two rectangles share ground."""
    return a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3]


def _grow(seeds: list[tuple[str, Rect]], ways: tuple[F64, F64]) -> list[Region]:
    regions = []
    for i, (label, seed) in enumerate(seeds):
        kind = kind_for(label)
        limits = [-math.inf, -math.inf, math.inf, math.inf]
        reach = list(_desired_rect(kind, seed))
        for j, (_, other) in enumerate(seeds):
            if i == j:
                continue
            side, line = _between(seed, other)
            pick = max if side < 2 else min
            limits[side] = pick(limits[side], line)
            if _is_crossed(seed, other, ways):
                reach[side] = (min if side < 2 else max)(reach[side], line)
        rect = tuple(
            max(r, limit) if side < 2 else min(r, limit)
            for side, (r, limit) in enumerate(zip(reach, limits, strict=True))
        )
        regions.append(Region(label, kind, seed, rect))  # type: ignore[arg-type]
    return regions


def _desired_rect(kind: str, seed: Rect) -> Rect:
    """Return the seed with a margin, and as large as a room of the kind is."""
    margin = MARGIN_M.get(kind, OTHER_MARGIN_M)
    x0, y0, x1, y1 = seed[0] - margin, seed[1] - margin, seed[2] + margin, seed[3] + margin
    if kind != "corridor":
        sizes = sum(KINDS[kind].width) / 2, sum(KINDS[kind].depth) / 2
        more_x = max(0.0, min(sizes) - (x1 - x0)) / 2
        more_y = max(0.0, min(sizes) - (y1 - y0)) / 2
        x0, y0, x1, y1 = x0 - more_x, y0 - more_y, x1 + more_x, y1 + more_y
    return x0, y0, x1, y1


def _between(a: Rect, b: Rect) -> tuple[int, float]:
    """Return the side of ``a`` (0 west, 1 south, 2 east, 3 north) towards ``b``, and the line."""
    gaps = (a[0] - b[2], a[1] - b[3], b[0] - a[2], b[1] - a[3])
    side = int(np.argmax(gaps))
    facing = (b[2], b[3], b[0], b[1])[side]
    return side, (a[side] + facing) / 2


def _is_crossed(a: Rect, b: Rect, ways: tuple[F64, F64]) -> bool:
    starts, ends = ways
    there, back = _holds(a, starts) & _holds(b, ends), _holds(b, starts) & _holds(a, ends)
    return bool((there | back).any())


def _holds(r: Rect, p: F64) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = (
        (p[:, 0] >= r[0]) & (p[:, 0] <= r[2]) & (p[:, 1] >= r[1]) & (p[:, 1] <= r[3])
    )
    return inside


def same_place(tracks: Sequence[Track]) -> Fault:
    """Name the two labels that are most mixed up, and the first pose where they are."""
    from scipy.spatial import cKDTree

    xy, index, names = _label_points(tracks)
    n = min(9, len(xy))
    others = index[cKDTree(xy).query(xy, n)[1].reshape(len(xy), n)]
    strange = np.array([np.bincount(row, minlength=len(names)) for row in others])
    strange[np.arange(len(xy)), index] = 0
    table = np.array([strange[index == k].sum(0) for k in range(len(names))])
    a, b = np.unravel_index(int(np.argmax(table + table.T)), table.shape)
    first = int(np.flatnonzero((index == a) & (strange[:, b] > 0))[:1].sum())
    mixed = int(((index == a) & (strange[:, b] > 0)).sum())
    for track in tracks:
        if first < len(track):
            break
        first -= len(track)
    x, y = track.poses[first, :2]
    return Fault(
        track.path,
        f"the rooms {names[a]!r} and {names[b]!r} occupy the same place, e.g. "
        f"at x {x:.2f}, y {y:.2f} ({mixed} poses of {names[a]!r} lie among those of "
        f"{names[b]!r}); no wall can stand between them",
        track.lines[first],
        remedy="give both one label, or mend the labels",
    )
