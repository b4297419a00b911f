#!/usr/bin/env python3
r"""Learn directions in which places change: from your own tours, or the package's file anew.

    python scripts/learn_directions.py configs/baselines/best_optional.yaml -o mine.npz \
        --place morning evening backwards --place other_floor_day other_floor_night
    python scripts/learn_directions.py --generated WORK -o robotvision/classifiers/directions.npz

Each ``--place`` names sequences of the same rooms seen in other lights, from other sides, by other
cameras; their truth says which frames are of one room. Rooms of two places are never taken for the
same one, whatever they are called. The features are those of the configuration that are a packaged
network's layers, pooled. ``classifier: {name: ridge, without: mine.npz}`` weighs the directions
down. ``--generated`` learns from generated buildings 201 to 212, which no table and no development
set shows, rendered into WORK.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console

sys.path.insert(0, str(Path(__file__).parent))
from development_sets import TourSizes, generated, tour_folder

from robotvision.classifiers.directions import Directions, directions_of, write_directions
from robotvision.config.checks import build, load_config
from robotvision.config.experiment import Overrides
from robotvision.data import ImageSequence, open_sequence
from robotvision.errors import RobotVisionError
from robotvision.features import FEATURES, cache_folder
from robotvision.features.described import described
from robotvision.features.extraction import extract
from robotvision.plugins.threads import one_thread
from robotvision.recogniser.channels import settle_features

REPO = Path(__file__).parents[1]
BEST = REPO / "configs" / "baselines" / "best_obligatory.yaml"
BUILDINGS = range(201, 213)
FRAMES = 40
N_DIRECTIONS = 64


def learn(
    config: Path, places: Sequence[Sequence[ImageSequence]], n: int, console: Console
) -> dict[str, Directions]:
    """Return the directions of each feature, by its description.

    Raises
    ------
    RobotVisionError
        No feature suits, or no place is seen in several ways.
    """
    sequences = [s for place in places for s in place]
    roots = tuple(s.root for s in sequences)
    setup = load_config(config, instead=Overrides("rooms", roots, roots, {}, (), config.stem))
    settled, notes = settle_features(setup.config, sequences)
    for note in notes:
        console.print(note)
    extractors = [build(FEATURES, f) for f in settled.features]
    extractors = [e for e in extractors if getattr(e, "pooling", "patches") != "patches"]
    if not extractors:
        raise RobotVisionError(f"{config}: expected a feature that is a network's layers, pooled")
    rows: list[list[np.ndarray]] = [[] for _ in extractors]
    labels: list[str] = []
    for k, place in enumerate(places):
        for sequence in place:
            console.print(f"[dim]{sequence.name}")
            extraction = extract(extractors, sequence, cache_folder())
            kept = [
                i
                for i in range(len(sequence))
                if extraction.readable[i] and sequence.room(i) is not None
            ]
            labels += [f"{k} {sequence.room(i)}" for i in kept]
            for mine, block in zip(rows, extraction.blocks, strict=True):
                mine.append(block[kept])
    with one_thread():
        return {
            described(e): directions_of(np.concatenate(x), np.array(labels), n)
            for e, x in zip(extractors, rows, strict=True)
        }


def tours(work: Path, buildings: Iterable[int], console: Console) -> list[list[ImageSequence]]:
    """Return the generated tours of each building, rendered where they are not there yet."""
    sizes = TourSizes(frames=FRAMES)
    folder = tour_folder(work, sizes)
    return [list(generated(folder, b, sizes, console.print).values()) for b in buildings]


def main(argv: Sequence[str] | None = None) -> None:
    """Learn, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("config", type=Path, nargs="?", default=BEST)
    parser.add_argument("--place", action="append", nargs="+", type=Path, default=[])
    parser.add_argument("--generated", type=Path, metavar="WORK")
    parser.add_argument("-n", type=int, default=N_DIRECTIONS, help="directions a feature")
    parser.add_argument("-o", "--out", type=Path, required=True)
    args = parser.parse_args(argv)
    console = Console(stderr=True)
    try:
        if args.n < 1 or not (args.place or args.generated):
            raise RobotVisionError("expected --place SEQUENCE ... or --generated WORK, and -n >= 1")
        places = [[open_sequence(p) for p in place] for place in args.place]
        if args.generated is not None:
            places += tours(args.generated, BUILDINGS, console)
        found = learn(args.config, places, args.n, console)
        write_directions(args.out, found)
    except RobotVisionError as e:
        raise SystemExit(str(e)) from e
    for feature, each in found.items():
        console.print(f"{feature}: {len(each)} directions of {each.axes.shape[1]} numbers")
    console.print(f"{args.out}: {args.out.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
