#!/usr/bin/env python3
"""What becomes of a power of 80 % that ``robotvision plan`` promises.

Systems answer the simulated sequences of ``coverage_intervals.py`` (geometric lengths). For each
number of visits and of systems the step in skill is sought with which the true difference is the
smallest one that, by `robotvision.scoring.power`, is told apart four times in five; then it is
counted how often it is: for two systems by the interval of their difference, for more by
`robotvision.scoring.ranks`. What the design assumes is printed beside what the law gives.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np
from coverage_intervals import LAWS, Law, Simulated, simulate
from coverage_ranks import contest
from numpy.typing import NDArray

from robotvision.scoring.intervals import LEVEL, differences
from robotvision.scoring.power import VisitDesign, assumed_design
from robotvision.scoring.ranks import ranks
from robotvision.scoring.student import quantile

Floats = NDArray[np.float64]
SKILLS = {"fair": 1.0, "good": 2.5}
MANY = 60


def pairs(skill: float, step: float, n_visits: int, n: int, seed: int = 0) -> Simulated:
    """Return sequences answered by a system and by one that is a step better."""
    law = Law("", (skill + step, skill), LAWS[0].lengths)
    return simulate(np.random.default_rng([seed, n_visits]), law, n_visits, n)


def design(x: Simulated) -> tuple[float, float, VisitDesign, float]:
    """Return the difference in shares right, the share right, the design, the correlation."""
    whole, over = x.sizes.sum(), x.gains - x.losses
    difference, right = over.sum() / whole, x.right.sum() / whole
    mean = float(x.sizes.mean())
    spread = float(np.sqrt(((over - difference * x.sizes) ** 2).mean())) / mean
    first = float(np.sqrt(((x.right - right * x.sizes) ** 2).mean())) / mean
    even = float((x.sizes.sum(1) ** 2 / (x.sizes**2).sum(1) / x.sizes.shape[1]).mean())
    alike = 1 - (spread / first) ** 2 / 2
    return difference, right - difference / 2, VisitDesign(spread, even), alike


def step_of(skill: float, n_visits: int, systems: int, n: int) -> float | None:
    """Return the step whose difference is promised to be told in 80 %; None: there is none."""
    low, high = 0.0, 4.0
    for _ in range(7):
        step = (low + high) / 2
        difference, _, measured, _ = design(pairs(skill, step, MANY, n, 1))
        wanted = measured.smallest_difference(n_visits, systems)
        is_small = wanted is None or difference < wanted
        low, high = (step, high) if is_small else (low, step)
    return None if high == 4.0 else (low + high) / 2


def told_alone(skill: float, step: float, n_visits: int, n: int) -> float:
    """Return in how many sequences the interval of the difference lies above 0."""
    x = pairs(skill, step, n_visits, n, 2)
    apart = differences(x.gains, x.losses, x.sizes)
    return float((apart.ends(quantile(apart.freedom, LEVEL))[0] > 0).mean())


def told_among(skill: float, step: float, n_visits: int, systems: int, n: int) -> float:
    """Return the share of the others that the better system is told apart from."""
    rng = np.random.default_rng([3, n_visits, systems])
    skills = np.full(systems, skill)
    skills[0] += step
    share = 0.0
    for _ in range(n):
        points, visits = contest(rng, skills, n_visits)
        share += ranks(points, visits, resamples=1000, bounds=(-0.5, 1.0)).is_above[0, 1:].mean()
    return share / n


def measure(skill: float, n_visits: int, systems: int, n: int) -> tuple[float, float] | None:
    """Return the difference that is promised to be told in 80 % (shares right), and in how many."""
    step = step_of(skill, n_visits, systems, max(60, n // 10))
    if step is None:
        return None
    difference = design(pairs(skill, step, MANY, 400, 1))[0]
    if systems == 2:
        return difference, told_alone(skill, step, n_visits, n)
    return difference, told_among(skill, step, n_visits, systems, max(1, n // 10))


def table(visits: list[int], systems: list[int], n: int) -> Iterator[str]:
    """Yield the table as Markdown."""
    yield "| systems that are | visits | systems | difference (shares right) | told apart |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for name, skill in SKILLS.items():
        for n_visits in visits:
            for k in systems:
                result = measure(skill, n_visits, k, n)
                cells = (
                    "none | " if result is None else f"{result[0]:.3f} | {100 * result[1]:.1f} %"
                )
                yield f"| {name} | {n_visits} | {k} | {cells} |"


def assumptions() -> Iterator[str]:
    """Yield what the design assumes, and what the law gives."""
    for name, skill in SKILLS.items():
        _, right, measured, alike = design(pairs(skill, 0.6, MANY, 2000))
        assumed = assumed_design(right, 1.0)
        yield (
            f"{name}, right in {right:.0%}: spread {measured.spread:.3f} (assumed "
            f"{assumed.spread:.3f}), evenness {measured.evenness:.2f} (assumed "
            f"{assumed.evenness:.2f}), correlation of two systems {alike:.2f}"
        )


def main() -> None:
    """Print assumptions and table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sequences", type=int, default=4000, help="a tenth of it for contests")
    parser.add_argument("--visits", type=int, nargs="+", default=[20, 40, 80])
    parser.add_argument("--systems", type=int, nargs="+", default=[2, 10])
    options = parser.parse_args()
    for line in assumptions():
        print(line)
    for line in table(options.visits, options.systems, options.sequences):
        print(line, flush=True)


if __name__ == "__main__":
    main()
