#!/usr/bin/env python3
"""How often 95 % intervals hold the truth on simulated tours whose truth is known.

A simulated tour visits rooms; each visit has a length and a difficulty of its own, and within a
visit an error tends to last. The truth is the points a frame of an endless tour. Printed: how often
the intervals of `robotvision.scoring.bootstrap` hold it, by visits and by frames, and how wide they
are. The same for the difference of two systems that stumble over the same visits.
"""

from __future__ import annotations

import argparse

import numpy as np
from numpy.typing import NDArray

from robotvision.scoring.bootstrap import intervals

Floats = NDArray[np.float64]


def tour(rng: np.random.Generator, n_visits: int) -> tuple[Floats, NDArray[np.int64]]:
    """Return (n, 2) points of two systems and the visit of each frame."""
    lengths = 5 + rng.geometric(1 / 25, n_visits)
    shared = rng.normal(0, 1.2, n_visits)
    parts = []
    for k, n in enumerate(lengths):
        points = []
        for skill in (1.3, 1.0):
            p = 1 / (1 + np.exp(-(skill + shared[k] + rng.normal(0, 0.6))))
            fresh = rng.random(n) < p
            is_kept = rng.random(n) < 0.8  # an error, or its absence, lasts five frames
            is_kept[0] = False
            source = np.maximum.accumulate(np.where(is_kept, 0, np.arange(n)))
            points.append(np.where(fresh[source], 1.0, -0.5))
        parts.append(np.stack(points, 1))
    return np.concatenate(parts), np.repeat(np.arange(n_visits), lengths)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tours", type=int, default=2000)
    parser.add_argument("--visits", type=int, nargs="+", default=[20, 40, 80])
    parser.add_argument("--resamples", type=int, default=1000)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    values, _ = tour(rng, 200_000)
    truth = np.array([*values.mean(0), (values[:, 0] - values[:, 1]).mean()])
    print(f"truth: {truth[0]:.3f} points a frame, difference to a second system {truth[2]:.3f}")
    print(f"{options.tours} tours each; 95 % intervals hold the truth in (mean width a frame)")
    print("visits  measure     by visit          frame by frame")
    for n_visits in options.visits:
        hits = np.zeros((2, 3))
        width = np.zeros((2, 3))
        for _ in range(options.tours):
            values, blocks = tour(rng, n_visits)
            columns = np.stack([values[:, 0], values[:, 1], values[:, 0] - values[:, 1]], 1)
            n = len(columns)
            for kind, b in enumerate((blocks, np.arange(n))):
                few = options.resamples if kind == 0 else min(options.resamples, 200)
                for j, found in enumerate(intervals(columns, b, resamples=few)):
                    low, high = found.low or 0.0, found.high or 0.0
                    hits[kind, j] += low <= truth[j] * n <= high
                    width[kind, j] += (high - low) / n
        hits, width = hits / options.tours, width / options.tours
        for j, name in ((0, "points"), (2, "difference")):
            print(
                f"{n_visits:6}  {name:10}  {hits[0, j]:6.1%} ({width[0, j]:.3f})"
                f"    {hits[1, j]:6.1%} ({width[1, j]:.3f})"
            )


if __name__ == "__main__":
    main()
