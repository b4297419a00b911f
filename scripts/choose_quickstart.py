#!/usr/bin/env python3
"""Which features the quickstart names: points on generated buildings that do not come along.

For each set of the core's features, an SVM and the filter over time, trained by cloudy and sunny
light and asked by night in each of two other buildings; the quickstart has the set with the most
points in both together, whatever it gets in the building that comes along.

    python scripts/choose_quickstart.py --work /tmp/quickstart
"""

from __future__ import annotations

import argparse
from pathlib import Path

import robotvision as rv
from robotvision.synth.default_set import write_default_set

BUILDINGS = (2, 3)
SETS = (
    ("phog",),
    ("crfh",),
    ("phog", "crfh"),
    ("phog", "depth_hog"),
    ("crfh", "depth_hog"),
    ("phog", "crfh", "depth_hog"),
    ("hsv_histogram", "depth_hog"),
    ("hsv_histogram", "phog", "depth_hog"),
)


def points_of(features: tuple[str, ...], building: Path, folder: Path) -> float:
    day = [str(building / f"building_{light}") for light in ("cloudy", "sunny")]
    config = {
        "task": "rooms",
        "mode": "optional",
        "train": day,
        "test": [str(building / "building_night")],
        "features": list(features),
        "classifier": {"name": "svm", "kernel": "chi2", "C": 10},
        "temporal": "bayes",
    }
    return rv.run(config, folder=folder).score.points


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True, help="folder for the buildings")
    work = parser.parse_args().work
    buildings = [work / str(seed) for seed in BUILDINGS]
    for building, seed in zip(buildings, BUILDINGS, strict=True):
        if not building.exists():
            write_default_set(building, seed=seed)
    heads = "".join(f"building {seed}".rjust(12) for seed in BUILDINGS)
    print(f"{'features':<32}{heads}     sum")
    for features in SETS:
        name = "-".join(features)
        points = [points_of(features, b, work / "runs" / f"{name}-{b.name}") for b in buildings]
        print(f"{name:<32}{''.join(f'{p:12.1f}' for p in points)}{sum(points):8.1f}")


if __name__ == "__main__":
    main()
