#!/usr/bin/env python3
"""What becomes of a power of 80 % that ``robotvision plan`` promises.

Systems answer the simulated sequences of ``coverage_intervals.py``. `robotvision.scoring.power`
names the smallest difference that is told apart four times in five; systems that differ by just
that are then compared as ``compare`` and ``rank`` do, frame by frame, and it is counted how often
they are told apart. The plan knows of the law what its user would: how long visits are, and

* ``nothing``: besides, the share right of the systems that are alike;
* ``one run`` of so many visits, or ``two runs`` on the same frames, alike but for what chance
  makes: plans from several earlier tests. Shown is the mean of those that promise anything, between
  which shares nine tenths lie, and how many do (in %).

``none``: no promise, for not even a system without a fault would be told apart so often; in
brackets how often it is. In brackets alone: the likeliest difference, which is not promised
(`VisitDesign.doubts`). **!** marks what is promised and lies outside 76 to 84 %.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from coverage_intervals import LAWS, Law, lengths, simulate
from coverage_ranks import contest

from robotvision.arrays import Floats
from robotvision.errors import RobotVisionError
from robotvision.scoring.plausible_visits import chance_of_endless
from robotvision.scoring.power import VisitDesign, measured_design
from robotvision.scoring.ranks import ranks
from robotvision.scoring.shares import LEVEL, differences
from robotvision.scoring.student import quantile
from robotvision.scoring.visit_model import VisitModel

BY_NAME = {law.name.split(",")[0]: law for law in LAWS if law.name.endswith(", fair")}
"""Laws of lengths and of what they do; the skills are set below."""
SHARES = (0.6, 0.72, 0.8, 0.9, 0.95)
VISITS, SYSTEMS = (12, 20, 40), (2, 10)
SEED: list[int] = []
WEIGHED = 200_000
"""Visits that a share right is counted in."""
LONG = 4000
"""Visits whose lengths are known."""
POINTS = (-0.5, 1.0)
GAP = POINTS[1] - POINTS[0]
PROMISED = (0.76, 0.84)


@dataclass(frozen=True)
class Row:
    """What became of a promise, or of several.

    Parameters
    ----------
    difference : float or None
        In shares right; None: no promise, and ``told`` is of a system without a fault.
    told, error : float
        In how many contests, and its standard error.
    words : str
        About several promises.
    is_promised : bool
        Else the difference is the likeliest only.
    """

    difference: float | None
    told: float = 0.0
    error: float = 0.0
    words: str = ""
    is_promised: bool = True

    @property
    def mark(self) -> str:
        """Two stars where a promise is not kept, or could have been made."""
        low, high = PROMISED
        is_kept = self.told <= high and (self.difference is None or self.told >= low)
        return "" if is_kept else " **!**"

    def in_words(self) -> str:
        """Return a cell: difference and told in %, or none and how often one without a fault is."""
        if self.difference is None:
            return f"none ({100 * self.told:.0f}){self.mark}"
        found = f"{self.difference:.3f}: {100 * self.told:.1f}"
        return f"{found}{self.mark}" if self.is_promised else f"({found})"


def skill_of(law: Law, share: float) -> float:
    """Return the skill of a system that is right in this share of the frames of a law."""
    weight, at = _visits_of(law)
    low, high = -15.0, 40.0
    for _ in range(40):
        middle = (low + high) / 2
        right = float(weight @ (1 / (1 + np.exp(-np.clip(middle + at, -700, 700)))))
        low, high = (low, middle) if right >= share else (middle, high)
    return high


@cache
def _visits_of(law: Law) -> tuple[Floats, Floats]:
    """Return the weight of many visits, and how easy they are."""
    rng = np.random.default_rng(5)
    sizes = lengths(rng, law, (1, WEIGHED))[0]
    easy = rng.normal(0, np.hypot(1.2, 0.6), WEIGHED) - law.slope * np.log(sizes / 13)
    return sizes / sizes.sum(), easy


def with_skills(law: Law, better: float, worse: float) -> Law:
    """Return a law in which systems are right in these shares of the frames."""
    return replace(law, skills=(skill_of(law, better), skill_of(law, worse)))


def told_alone(law: Law, share: float, difference: float, n_visits: int, n: int) -> Floats:
    """Return in which sequences the interval of the difference lies above 0."""
    rng = np.random.default_rng([2, n_visits, *SEED])
    x = simulate(rng, with_skills(law, share + difference, share), n_visits, n)
    apart = differences(x.gains, x.losses, x.sizes)
    return (apart.ends(quantile(apart.freedom, LEVEL))[0] > 0).astype(float)


def told_among(
    law: Law, share: float, difference: float, n_visits: int, systems: int, n: int
) -> Floats:
    """Return the share of the others that the better system is told apart from, by contest."""
    rng = np.random.default_rng([3, n_visits, systems, *SEED])
    skills = np.full(systems, skill_of(law, share))
    skills[0] = skill_of(law, share + difference)
    told = np.empty(n)
    for i in range(n):
        points, visits = contest(rng, skills, n_visits, law)
        verdict = ranks(points, visits, resamples=2000, bounds=POINTS).is_above
        told[i] = verdict[0, 1:].mean()
    return told


def told(law: Law, share: float, difference: float, n_visits: int, systems: int, n: int) -> Floats:
    """Return what share of the others is told apart, by sequence or contest."""
    if systems == 2:
        return told_alone(law, share, difference, n_visits, n)
    return told_among(law, share, difference, n_visits, systems, n)


def assumed(law: Law, share: float) -> VisitDesign:
    """Return the design of one who knows how long visits are, and the share right."""
    sizes = lengths(np.random.default_rng(7), law, (1, LONG))[0].astype(float)
    return VisitDesign(VisitModel(sizes, share), endless=chance_of_endless(sizes))


def measured(law: Law, share: float, n_visits: int, runs: int, seed: int) -> VisitDesign:
    """Return the design of one who has one run, or two that are alike, of so many visits."""
    rng = np.random.default_rng([4, n_visits, seed, *SEED])
    points, visits = contest(rng, np.full(runs, skill_of(law, share)), n_visits, law)
    return measured_design(points, visits, POINTS)


def row(law: Law, share: float, n_visits: int, systems: int, n: int) -> Row:
    """Return what becomes of a promise without a run."""
    design = assumed(law, share)
    difference = design.smallest_difference(n_visits, systems)
    at = 1 - share if difference is None else difference
    shares = told(law, share, at, n_visits, systems, n)
    is_promised = not design.doubts(n_visits, difference)
    return Row(
        difference,
        float(shares.mean()),
        float(shares.std() / np.sqrt(n)),
        is_promised=is_promised,
    )


def row_of_runs(
    law: Law, share: float, visits: tuple[int, int], runs: int, n: int, tests: int
) -> Row:
    """Return what becomes of promises of a pair with earlier runs; ``visits`` then and now."""
    wanted, means = [], []
    for seed in range(tests):
        try:
            design = measured(law, share, visits[0], runs, seed)
        except RobotVisionError:  # the visits do not differ
            continue
        if design.doubts(visits[1]):
            continue
        points = design.smallest_difference(visits[1])
        if points is None or design.doubts(visits[1], points):
            continue
        if share + points / GAP < 1:
            wanted.append(points / GAP)
            means.append(told_alone(law, share, wanted[-1], visits[1], n).mean())
    if not means:
        return Row(None, words="| | 0")
    low, high = np.quantile(means, (0.05, 0.95))
    return Row(
        float(np.mean(wanted)),
        float(np.mean(means)),
        float(np.std(means) / np.sqrt(len(means))),
        f"± {100 * np.std(means) / np.sqrt(len(means)):.1f} | {100 * low:.0f} to "
        f"{100 * high:.0f} | {100 * len(means) / tests:.0f}",
    )


def table(
    laws: list[str], given: list[float], visits: list[int], systems: list[int], n: int
) -> Iterator[str]:
    """Yield as Markdown what becomes of promises without a run."""
    yield "| law | systems | share right | " + " | ".join(f"{v} visits" for v in visits) + " |"
    yield "| --- | ---: | ---: |" + " ---: |" * len(visits)
    for k in systems:
        for name in laws:
            for share in given:
                rows = [row(BY_NAME[name], share, v, k, n if k == 2 else n // 4) for v in visits]
                cells = " | ".join(r.in_words() for r in rows)
                yield f"| {name} | {k} | {share:g} | {cells} |"


def table_of_runs(
    laws: list[str], given: list[float], visits: list[int], earlier: list[int], n: int, tests: int
) -> Iterator[str]:
    """Yield as Markdown what becomes of promises for two systems with earlier runs."""
    yield "| law | share right | known | visits | difference: told | error | between | promise |"
    yield "| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |"
    for name in laws:
        for share in given:
            for runs, words in ((1, "one run"), (2, "two runs")):
                for before in earlier:
                    for n_visits in visits:
                        found = row_of_runs(
                            BY_NAME[name], share, (before, n_visits), runs, n, tests
                        )
                        known = f"{words} of {before} visits"
                        cells = f"{found.in_words()} | {found.words}"
                        yield f"| {name} | {share:g} | {known} | {n_visits} | {cells} |"


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sequences", type=int, default=4000, help="a quarter for contests")
    parser.add_argument("--tests", type=int, default=60, help="earlier ones")
    parser.add_argument("--laws", nargs="+", default=list(BY_NAME), choices=list(BY_NAME))
    parser.add_argument("--shares", type=float, nargs="+", default=list(SHARES))
    parser.add_argument("--visits", type=int, nargs="+", default=list(VISITS))
    parser.add_argument("--earlier", type=int, nargs="*", default=[40, 200])
    parser.add_argument("--systems", type=int, nargs="*", default=list(SYSTEMS))
    parser.add_argument("--seed", type=int, nargs="*", default=[], help="other sequences")
    options = parser.parse_args()
    SEED.extend(options.seed)
    given = options.laws, options.shares, options.visits
    if options.systems:
        for line in table(*given, options.systems, options.sequences):
            print(line, flush=True)
    if options.earlier:
        print()
        for line in table_of_runs(*given, options.earlier, options.sequences // 4, options.tests):
            print(line, flush=True)


if __name__ == "__main__":
    main()
