"""The development sets: what the best two baselines are chosen on, and how it is parted.

Of the IE Tower the training floors, of the house the cloudy tour, of the corridor lap 1, and
generated tours in buildings that no table shows. No test of ``scripts/baselines.py`` is among them
but lap 1, which one of its columns asks after training on lap 2; here it is asked by itself alone.
A split is what is trained on and what is asked; splits of one block (a building, a
clip) are not independent of each other, so intervals go by block.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from robotvision.data import ImageSequence, open_sequence
from robotvision.recogniser.tuning.holdout import labelled, splits
from robotvision.synth.drive_spec import DriveSpec
from robotvision.synth.hardship import Hardship
from robotvision.synth.sensor import earlier_gain
from robotvision.synth.sequence import render_sequence

Rows = NDArray[np.int64]
Tell = Callable[[str], None]

LIGHTS = ("cloudy", "sunny", "night")
FIRST_BUILDING = 101
TOWER, HOUSE, CORRIDOR = "ie_tower_floors03to09", "house_cloudy", "corridor_lap1"
TOWER_FLOORS = ((0, 6), (6, 10), (10, 14), (14, 18), (18, 21), (21, 24), (24, 28))
"""Clips (segments) of each floor of the tower's training floors, from and to."""
HARD = Hardship(180.0, 0.5, 5, 5, 6.0, 0.7)
HARD_HEIGHTS_M, HARD_PITCHES_DEG = (0.8, 1.35), (-10.0, 6.0)

UNSEEN = "tours: rooms never shown"
OUTSIDE_MEAN = (UNSEEN,)
"""Groups shown below the mean: they ask for silence, which other groups do not."""


@dataclass(frozen=True, eq=False)
class Part:
    """Frames of a sequence."""

    sequence: ImageSequence
    positions: Rows

    @property
    def rooms(self) -> NDArray[np.str_]:
        """Their true rooms."""
        return np.array([str(self.sequence.room(int(i))) for i in self.positions])


@dataclass(frozen=True, eq=False)
class Split:
    """What is trained on and what is asked."""

    group: str
    name: str
    block: str
    train: tuple[Part, ...]
    test: tuple[Part, ...]
    has_unknown: bool = False
    """Rooms that training lacks are the task's unknown; else such frames ask for silence."""

    @property
    def shown(self) -> set[str]:
        """The rooms of the training."""
        return {r for part in self.train for r in part.rooms}


@dataclass(frozen=True, eq=False)
class DevelopmentSet:
    """Sequences that are open together, and their splits."""

    name: str
    sequences: tuple[ImageSequence, ...]
    splits: tuple[Split, ...]

    @property
    def digest(self) -> str:
        """Of its frames, truth and splits; images go by their names."""
        h = hashlib.blake2b(digest_size=16)
        for s in self.sequences:
            for path in sorted((*s.root.glob("*.csv"), *s.root.glob("*.yaml"))):
                h.update(path.read_bytes())
        for split in self.splits:
            h.update(f"{split.group}\0{split.name}\0{split.block}\0".encode())
            h.update(b"unknown" * split.has_unknown)
            for part in (*split.train, *split.test):
                h.update(part.sequence.name.encode() + part.positions.tobytes())
        return h.hexdigest()


def whole(sequence: ImageSequence) -> Part:
    """Return all frames of a sequence."""
    return Part(sequence, np.arange(len(sequence)))


def _segments(sequence: ImageSequence) -> NDArray[np.int64]:
    return np.array([f.segment for f in sequence.frames])


def _split(group: str, name: str, block: str, train: Sequence[Part], test: Sequence[Part]) -> Split:
    """Return a split that asks about rooms that its training shows: others nobody could answer."""
    made = Split(group, name, block, tuple(train), ())
    asked = [Part(p.sequence, p.positions[np.isin(p.rooms, list(made.shown))]) for p in test]
    return replace(made, test=tuple(p for p in asked if len(p.positions)))


def tower(sequence: ImageSequence, clip_folds: int) -> DevelopmentSet:
    """Return the tower's training floors: clips left out, two floors, one clip a room."""
    segment = _segments(sequence)
    rows = np.arange(len(sequence))
    rooms = whole(sequence).rooms
    clips = np.unique(segment)

    def by(group: str, name: str, is_train: NDArray[np.bool_]) -> Split:
        return _split(
            group, name, name, [Part(sequence, rows[is_train])], [Part(sequence, rows[~is_train])]
        )

    found = []
    n_folds = min(clip_folds, len(clips))
    for k in range(n_folds):
        asked = clips[k::n_folds]
        name = f"clips {', '.join(map(str, asked))}"
        found.append(by("tower: clips left out", name, ~np.isin(segment, asked)))
    for k in range(len(TOWER_FLOORS)):
        pair = (k, (k + 1) % len(TOWER_FLOORS))
        ranges = [TOWER_FLOORS[p] for p in pair]
        taken = np.logical_or.reduce([(segment >= a) & (segment < b) for a, b in ranges])
        found.append(by("tower: two floors", f"floors {pair[0] + 3} and {pair[1] + 3}", taken))
    of_room = {r: np.unique(segment[rooms == r]) for r in np.unique(rooms)}
    for k in range(len(TOWER_FLOORS)):
        chosen = [int(c[k % len(c)]) for c in of_room.values() if len(c) > 1]
        found.append(by("tower: one clip a room", f"clips {chosen}", np.isin(segment, chosen)))
    return DevelopmentSet(sequence.name, (sequence,), tuple(found))


def blocks(sequence: ImageSequence, group: str) -> Iterator[Split]:
    """Yield the splits of one unbroken tour: a third of every room's frames at a time."""
    frames = labelled([sequence])
    for k, fold in enumerate(splits(frames, 3).splits):
        train, test = (Part(sequence, frames.position[r]) for r in (fold.train, fold.test))
        yield _split(group, f"third {k + 1}", f"{sequence.name}, third {k + 1}", [train], [test])


def directions(sequence: ImageSequence, group: str) -> Iterator[Split]:
    """Yield splits of a tour with poses: train on frames that look one way, ask the other half."""
    heading = np.array([f.pose[2] if f.pose else np.nan for f in sequence.frames])
    for name, toward in (("east", 0.0), ("north", 0.5), ("west", 1.0), ("south", 1.5)):
        is_train = np.cos(heading - toward * math.pi) > 0
        train, test = (Part(sequence, np.flatnonzero(m)) for m in (is_train, ~is_train))
        yield _split(group, f"looking {name}", f"looking {name}", [train], [test])


def real_sets(data_root: Path, clip_folds: int) -> Iterator[DevelopmentSet]:
    """Yield the real sets that lie in ``data_root``."""
    if (data_root / TOWER).exists():
        yield tower(open_sequence(data_root / TOWER), clip_folds)
    if (data_root / HOUSE).exists():
        house = open_sequence(data_root / HOUSE)
        found = (*blocks(house, "house: blocks"), *directions(house, "house: direction"))
        yield DevelopmentSet(house.name, (house,), found)
    if (data_root / CORRIDOR).exists():
        lap = open_sequence(data_root / CORRIDOR)
        yield DevelopmentSet(lap.name, (lap,), tuple(blocks(lap, "corridor: blocks")))


@dataclass(frozen=True, slots=True)
class TourSizes:
    """How much is generated."""

    buildings: int = 10
    frames: int = 60
    width: int = 320
    height: int = 240
    lights: tuple[str, ...] = LIGHTS
    rooms: tuple[str, ...] = DriveSpec().rooms


def tour_specs(building: int, sizes: TourSizes) -> dict[tuple[str, str], DriveSpec]:
    """Return the tours of a building by (way, light): ``forward``, ``reverse``, ``hard``.

    Every tour is a drive of its own. ``hard`` is driven in reverse, furniture moved, people and
    clutter about, half of the doors shut, camera higher or lower and tilted, looks half round,
    blurred turns and jumps of exposure.
    """
    rng = np.random.default_rng([building, 71])
    specs = {}
    for k, light in enumerate(sizes.lights):
        base = DriveSpec(
            "",
            building,
            building % 2,
            sizes.rooms,
            light=light,
            n_frames=sizes.frames,
            width=sizes.width,
            height=sizes.height,
            most_gain=earlier_gain(light),
        )
        height, pitch = (float(rng.uniform(*r)) for r in (HARD_HEIGHTS_M, HARD_PITCHES_DEG))
        ways = {
            "forward": {"drive_seed": 1 + k},
            "reverse": {"drive_seed": 11 + k, "reverse": True},
            "hard": {
                "drive_seed": 21,
                "reverse": True,
                "furniture_seed": 1,
                "camera_height_m": round(height, 2),
                "camera_pitch_rad": round(math.radians(pitch), 3),
                "hard": HARD,
            },
        }
        for way, changes in ways.items():
            name = f"b{building}_{way}_{light}"
            specs[way, light] = DriveSpec(**{**_fields(base), "name": name, **changes})
    return specs


def _fields(spec: DriveSpec) -> dict[str, object]:
    return {name: getattr(spec, name) for name in DriveSpec.__dataclass_fields__}


def generated(
    folder: Path, building: int, sizes: TourSizes, tell: Tell
) -> dict[tuple[str, str], ImageSequence]:
    """Return a building's tours, rendered where they are not there yet."""
    specs = tour_specs(building, sizes)
    for spec in sorted(specs.values(), key=lambda s: s.furniture_seed):
        if not (folder / spec.name).exists():
            tell(f"rendering {spec.name}")
            render_sequence(spec, folder / spec.name)
    return {key: open_sequence(folder / spec.name) for key, spec in specs.items()}


def generator_digest() -> str:
    """Return a digest of the generator's code: tours of another generator are other tours."""
    import robotvision.synth

    return code_digest(Path(robotvision.synth.__file__).parent)


def code_digest(*folders: Path) -> str:
    """Return a digest of all Python files in folders."""
    h = hashlib.blake2b(digest_size=8)
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            h.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return h.hexdigest()


def tour_folder(work: Path, sizes: TourSizes) -> Path:
    """Return the folder of generated tours of a size by this generator, which is made."""
    of_size = f"{generator_digest()}-{sizes.frames}x{sizes.width}x{sizes.height}"
    if sizes.rooms != TourSizes().rooms:
        of_size += "-" + hashlib.blake2b(",".join(sizes.rooms).encode(), digest_size=4).hexdigest()
    folder = work / "tours" / of_size
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def tour_sets(work: Path, sizes: TourSizes, tell: Tell) -> Iterator[DevelopmentSet]:
    """Yield the generated sets, one for each building, rendered into ``work`` as they come."""
    folder = tour_folder(work, sizes)
    numbers = [FIRST_BUILDING + k for k in range(sizes.buildings)]
    tours = {b: generated(folder, b, sizes, tell) for b in numbers}
    for k, building in enumerate(numbers):
        others = [tours[numbers[(k + step) % len(numbers)]] for step in (1, 2)]
        others = [o for o in others if o is not tours[building]]
        yield _building(f"building {building}", tours[building], others[: len(numbers) - 1], sizes)


def _building(
    name: str,
    tours: dict[tuple[str, str], ImageSequence],
    others: Sequence[dict[tuple[str, str], ImageSequence]],
    sizes: TourSizes,
) -> DevelopmentSet:
    """Return the splits that ask about one building; ``others`` are trained on in its place."""
    found = []
    for k, light in enumerate(sizes.lights):
        forward, reverse = tours["forward", light], tours["reverse", light]
        there = [whole(forward)]
        ways = [
            ("tours: forward to reverse", there, reverse),
            ("tours: reverse to forward", [whole(reverse)], forward),
            ("tours: forward to hard", there, tours["hard", light]),
        ]
        if len(sizes.lights) > 1:
            next_light = sizes.lights[(k + 1) % len(sizes.lights)]
            ways.append(("tours: light to light", there, tours["forward", next_light]))
        if others:
            elsewhere = [whole(o["forward", light]) for o in others]
            ways.append(("tours: other building", elsewhere, forward))
        found += [
            _split(group, f"{name}, {light}", name, train, [whole(test)])
            for group, train, test in ways
        ]
        if len({*whole(forward).rooms}) > 2:
            found.append(_unseen(f"{name}, {light}", name, forward, reverse, k))
    sequences = dict.fromkeys((*tours.values(), *(s for o in others for s in o.values())))
    used = {p.sequence for s in found for p in (*s.train, *s.test)}
    return DevelopmentSet(name, tuple(s for s in sequences if s in used), tuple(found))


def _unseen(
    name: str, block: str, forward: ImageSequence, reverse: ImageSequence, number: int
) -> Split:
    """Return a split whose training lacks a third of the rooms, and whose test has them all."""
    part = whole(forward)
    rooms = sorted({*part.rooms} - {"Corridor"})
    hidden = rooms[number % 3 :: 3]
    shown = Part(forward, part.positions[~np.isin(part.rooms, hidden)])
    return Split(UNSEEN, name, block, (shown,), (whole(reverse),))


HIDDEN = {"all rooms known": 0.0, "a third new": 1 / 3, "two thirds new": 2 / 3}
"""Shares of the rooms that training lacks, where it is asked about unknown zones."""


def _hiding(split: Split, seed: int) -> Iterator[Split]:
    """Yield a split with none, a third and two thirds of the rooms taken out of its training.

    Which, is drawn. At least three rooms stay, or there is no such split.
    """
    rooms = sorted(split.shown)
    drawn = np.random.default_rng([seed, 73]).permutation(rooms)
    for what, share in HIDDEN.items():
        hidden = drawn[: round(share * len(rooms))]
        if len(rooms) - len(hidden) >= 3:
            train = [Part(p.sequence, p.positions[~np.isin(p.rooms, hidden)]) for p in split.train]
            kept = tuple(p for p in train if len(p.positions))
            yield replace(split, group=f"{split.group}, {what}", train=kept, has_unknown=True)


def real_zone_sets(data_root: Path) -> Iterator[DevelopmentSet]:
    """Yield real sets that ask about unknown zones: the tower by floors, the house by blocks."""
    for name in (TOWER, HOUSE):
        if (data_root / name).exists():
            sequence = open_sequence(data_root / name)
            of = blocks(sequence, "house: blocks") if name == HOUSE else tower(sequence, 7).splits
            asked = [s for s in of if s.group in ("house: blocks", "tower: two floors")]
            found = [each for k, split in enumerate(asked) for each in _hiding(split, k)]
            yield DevelopmentSet(f"{name}, zones", (sequence,), tuple(found))


def tour_zone_sets(work: Path, sizes: TourSizes, tell: Tell) -> Iterator[DevelopmentSet]:
    """Yield generated sets that ask about unknown zones, one for each building.

    Trained on one tour or on two of different light, asked in every light, driven in reverse or
    the hard way: hard tours without a new room are what must not be taken for a new zone.
    """
    folder = tour_folder(work, sizes)
    for building in range(FIRST_BUILDING, FIRST_BUILDING + sizes.buildings):
        tours = generated(folder, building, sizes, tell)
        name = f"building {building}"
        found = []
        for lights in (sizes.lights[:1], sizes.lights[:2]):
            train = tuple(whole(tours["forward", light]) for light in lights)
            for way in ("reverse", "hard"):
                for light in sizes.lights:
                    asked = (whole(tours[way, light]),)
                    about = f"{name}, {' and '.join(lights)} to {light}"
                    split = Split(f"tours: forward to {way}", about, name, train, asked)
                    found += _hiding(split, building)
        used = {p.sequence for s in found for p in (*s.train, *s.test)}
        sequences = tuple(s for s in tours.values() if s in used)
        yield DevelopmentSet(f"{name}, zones", sequences, tuple(found))
