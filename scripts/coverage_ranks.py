#!/usr/bin/env python3
"""How often `robotvision.scoring.ranks` tells equal runs apart, and how often different ones.

The sequences are those of ``coverage_intervals.py`` (geometric lengths). Three contests of k runs:
all equally good; one a step better than the others (one more in log-odds); the better half a step
better than the other half. Printed: in how many contests any two equals are told apart, and in how
many pairs of different runs the better is told apart from the worse.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import numpy as np
from coverage_intervals import LAWS, Law, is_right, lengths

from robotvision.arrays import Floats
from robotvision.scoring.ranks import ranks

SKILL, STEP = 1.0, 1.0


def contest(
    rng: np.random.Generator, skills: Floats, n_visits: int, law: Law = LAWS[0]
) -> tuple[Floats, Floats]:
    """Return (n, k) points of each frame by run, and the visit of each frame."""
    sizes = lengths(rng, law, (1, n_visits))
    starts = np.concatenate([[0], np.cumsum(sizes.ravel())[:-1]])
    shared = rng.normal(0, 1.2, (1, n_visits)) - law.slope * np.log(sizes / 13)
    right = [
        is_right(
            rng, 1 / (1 + np.exp(-(s + shared + rng.normal(0, 0.6, (1, n_visits))))), sizes, starts
        )
        for s in skills
    ]
    points = np.where(np.stack(right, 1), 1.0, -0.5)
    return points, np.repeat(np.arange(n_visits), sizes.ravel())


def contests(k: int) -> dict[str, Floats]:
    """Return the skills of the runs of each contest."""
    better = np.full(k, SKILL)
    better[0] += STEP
    halves = np.full(k, SKILL)
    halves[: k // 2] += STEP
    kinds = {"equal": np.full(k, SKILL), "one better": better}
    return kinds | ({"halves": halves} if k > 3 else {})


def measure(skills: Floats, n_visits: int, n: int, resamples: int) -> tuple[float, float, float]:
    """Return the shares of contests with a false separation, pairs told apart, rank 1 settled."""
    rng = np.random.default_rng([len(skills), n_visits, int(10 * skills.sum())])
    is_better = skills[:, None] > skills[None, :]
    false, right, settled = 0, 0.0, 0
    for _ in range(n):
        found = ranks(*contest(rng, skills, n_visits), resamples=resamples, bounds=(-0.5, 1.0))
        false += bool((found.is_above & ~is_better).any())
        right += float(found.is_above[is_better].mean()) if is_better.any() else 0.0
        settled += found.ranks[0] == (1, 1)
    return false / n, right / n, settled / n


def table(runs: list[int], visits: list[int], n: int, resamples: int) -> Iterator[str]:
    """Yield the table as Markdown."""
    yield "| visits | runs | contest | equals told apart | better told apart | rank 1 settled |"
    yield "| ---: | ---: | --- | ---: | ---: | ---: |"
    for n_visits in visits:
        for k in runs:
            for name, skills in contests(k).items():
                false, right, settled = measure(skills, n_visits, n, resamples)
                power = "" if name == "equal" else f"{right:.1%}".replace("%", " %")
                first = f"{settled:.1%}".replace("%", " %") if name == "one better" else ""
                wrong = f"{false:.1%}".replace("%", " %")
                yield f"| {n_visits} | {k} | {name} | {wrong} | {power} | {first} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--contests", type=int, default=1000)
    parser.add_argument("--runs", type=int, nargs="+", default=[2, 5, 10, 15])
    parser.add_argument("--visits", type=int, nargs="+", default=[15, 40])
    parser.add_argument("--resamples", type=int, default=2000)
    parser.add_argument("--quick", action="store_true", help="200 contests a row")
    options = parser.parse_args()
    n = 200 if options.quick else options.contests
    print(f"{n} contests a row, {options.resamples} draws of signs")
    for line in table(options.runs, options.visits, n, options.resamples):
        print(line, flush=True)


if __name__ == "__main__":
    main()
