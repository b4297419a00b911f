#!/usr/bin/env python3
"""How often 95 % intervals hold the truth on simulated sequences whose truth is known.

A simulated sequence visits rooms; each visit has a length and a difficulty of its own, and within a
visit an error tends to last. The truth is the share right of an endless sequence of the same law.
Printed for each law, number of visits, one system and the difference of two that stumble over the
same visits: how often the interval of `robotvision.scoring.intervals` holds the truth, how often it
does or is quoted with a caution, and how often it is; then how often Student's plain interval
holds it, and how much wider ours is. All sequences of a cell are worked on at once.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from robotvision.arrays import Floats
from robotvision.scoring.shares import LEVEL, Differences, Shares, differences, shares
from robotvision.scoring.student import quantile

VISITS = (8, 12, 20, 40, 80)
LASTING = 0.8
"""An answer is drawn anew for one frame in five: an error, or its absence, lasts."""


@dataclass(frozen=True)
class Law:
    """How sequences come about.

    Parameters
    ----------
    name, lengths : str
        Of the law, and of the lengths of visits: geometric, corridor or pareto.
    skills : (float, float)
        Log-odds of a right answer in a visit of middle difficulty, of two systems.
    tail : float
        Exponent of Pareto lengths.
    slope : float
        By how much the log-odds fall where a visit is e times as long.
    """

    name: str
    skills: tuple[float, float]
    lengths: str = "geometric"
    tail: float = 2.0
    slope: float = 0.0


KINDS = (("fair", (1.3, 1.0)), ("good", (3.0, 2.5)))
LAWS = (
    *(Law(f"geometric, {n}", s) for n, s in KINDS),
    *(Law(f"alternating corridor, {n}", s, "corridor") for n, s in KINDS),
    *(Law(f"Pareto 1.5, {n}", s, "pareto", 1.5) for n, s in KINDS),
    *(
        Law(f"hard when long (Pareto {tail}), {n}", s, "pareto", tail, slope)
        for tail, slope in ((2.0, 1.0), (1.5, 0.5))
        for n, s in KINDS
    ),
    *(
        Law(f"near perfect, {share}", (skill, skill - 0.5))
        for share, skill in (("0.90", 2.85), ("0.95", 3.7), ("0.98", 4.75), ("0.99", 5.6))
    ),
)


@dataclass(frozen=True)
class Simulated:
    """Frames by visit, (sequences, visits) each: all, right, and right by one system only."""

    sizes: Floats
    right: Floats
    gains: Floats
    losses: Floats


def lengths(rng: np.random.Generator, law: Law, shape: tuple[int, int]) -> NDArray[np.int64]:
    """Return the frames of each visit."""
    if law.lengths == "pareto":
        least = 8 if law.tail < 2 else 10
        return np.minimum(np.ceil(least * (1 + rng.pareto(law.tail, shape))), 4000).astype(np.int64)
    rooms = 5 + rng.geometric(1 / 25, shape)
    if law.lengths == "geometric":
        return rooms
    is_corridor = (np.arange(shape[1]) + rng.integers(0, 2, (shape[0], 1))) % 2 == 0
    return np.where(is_corridor, 3 + rng.geometric(1 / 8, shape), rooms)


def simulate(rng: np.random.Generator, law: Law, n_visits: int, n: int) -> Simulated:
    """Return ``n`` sequences of ``n_visits`` visits."""
    shape = (n, n_visits)
    sizes = lengths(rng, law, shape)
    shared = rng.normal(0, 1.2, shape) - law.slope * np.log(sizes / 13)
    starts = np.concatenate([[0], np.cumsum(sizes.ravel())[:-1]])
    a, b = (
        is_right(
            rng, 1 / (1 + np.exp(-(skill + shared + rng.normal(0, 0.6, shape)))), sizes, starts
        )
        for skill in law.skills
    )

    def by_visit(frames: NDArray[np.bool_]) -> Floats:
        return np.add.reduceat(frames.astype(np.float64), starts).reshape(shape)

    return Simulated(sizes.astype(float), by_visit(a), by_visit(a & ~b), by_visit(b & ~a))


def is_right(
    rng: np.random.Generator, chance: Floats, sizes: NDArray[np.int64], starts: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Return whether each frame is answered rightly, one visit after another."""
    n = int(sizes.sum())
    fresh = rng.random(n) < np.repeat(chance.ravel(), sizes.ravel())
    is_kept = rng.random(n) < LASTING
    is_kept[starts] = False
    return fresh[np.maximum.accumulate(np.where(is_kept, 0, np.arange(n)))]


def truth(law: Law, visits: int) -> tuple[float, float]:
    """Return the share right, and by how much it is the larger of the two, over many visits."""
    rng = np.random.default_rng(99)
    whole = [simulate(rng, law, 1000, max(1, visits // 8000)) for _ in range(8)]
    n = sum(x.sizes.sum() for x in whole)
    return (
        sum(x.right.sum() for x in whole) / n,
        sum((x.gains - x.losses).sum() for x in whole) / n,
    )


@dataclass(frozen=True)
class Cell:
    """Shares of sequences, and the mean width over that of Student's plain interval."""

    covered: float
    covered_or_cautioned: float
    cautioned: float
    plain: float
    width: float


def measure(found: Shares | Differences, plain: tuple[Floats, Floats], true: float) -> Cell:
    """Return how intervals did; ``plain`` holds the ends of Student's."""
    low, high = found.ends(quantile(found.freedom, LEVEL))
    is_covered = (low <= true) & (true <= high)
    return Cell(
        float(is_covered.mean()),
        float((is_covered | found.is_doubtful).mean()),
        float(found.is_doubtful.mean()),
        float(((plain[0] <= true) & (true <= plain[1])).mean()),
        float((high - low).mean() / (plain[1] - plain[0]).mean()),
    )


def student_interval(sums: Floats, sizes: Floats) -> tuple[Floats, Floats]:
    """Return the ends of Student's plain interval: linearised error, a degree less than visits."""
    n = sums.shape[1]
    whole = sizes.sum(1)
    ratio = sums.sum(1) / whole
    rest = sums - ratio[:, None] * sizes
    half = quantile(np.array(n - 1.0), LEVEL) * np.sqrt((rest**2).sum(1) * n / (n - 1)) / whole
    return ratio - half, ratio + half


def cells(law: Law, n_visits: int, n: int, true: tuple[float, float]) -> tuple[Cell, Cell]:
    """Return how the intervals of one system and of a pair did."""
    x = simulate(np.random.default_rng(n_visits), law, n_visits, n)
    pair = student_interval(x.gains - x.losses, x.sizes)
    return (
        measure(shares(x.right, x.sizes), student_interval(x.right, x.sizes), true[0]),
        measure(differences(x.gains, x.losses, x.sizes), pair, true[1]),
    )


def table(visits: tuple[int, ...], n: int) -> Iterator[str]:
    """Yield the table as Markdown."""
    yield "| law | true | measure | " + " | ".join(f"{v} visits" for v in visits) + " |"
    yield "| --- | ---: | --- |" + " ---: |" * len(visits)
    for law in LAWS:
        true = truth(law, 200 * n)
        row = [cells(law, v, n, true) for v in visits]
        for kind, name in enumerate(("points", "difference")):
            shown = " | ".join(in_words(c[kind]) for c in row)
            yield f"| {law.name} | {true[kind]:.3f} | {name} | {shown} |"


def in_words(cell: Cell) -> str:
    """Return a cell: covered, covered or cautioned (cautioned); plain t, width over plain t."""
    return (
        f"{cell.covered:.1%}, {cell.covered_or_cautioned:.1%} ({cell.cautioned:.0%}); "
        f"{cell.plain:.0%}, {cell.width:.2f}"
    ).replace("%", "")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sequences", type=int, default=4000)
    parser.add_argument("--visits", type=int, nargs="+", default=list(VISITS))
    parser.add_argument("--quick", action="store_true", help="400 sequences a cell")
    options = parser.parse_args()
    n = 400 if options.quick else options.sequences
    print(
        f"{n} sequences a cell, in %: covered, covered or cautioned (cautioned); Student's plain "
        "interval: covered, and how many times as wide ours is"
    )
    for line in table(tuple(options.visits), n):
        print(line, flush=True)


if __name__ == "__main__":
    main()
