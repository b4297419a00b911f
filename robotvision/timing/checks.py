"""Whether latencies can be quoted: what else may have shaped them, checked one by one.

A check passes, fails, or (None) cannot tell and says so. Figures can be quoted where none fails.
Latencies are set against the same frame's median over the passes, so that the sequence's content
neither looks like a drift nor hides one.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robotvision.arrays import Floats
from robotvision.timing.load import Load
from robotvision.timing.measure import MIN_PASSES, Timed
from robotvision.timing.quantiles import frames_needed, is_supported
from robotvision.timing.work import Rests, Work

DRIFT = 0.05
FIRST = 1.5
OTHERS_SHARE = 0.10
STOLEN_SHARE = 0.01
NULL_SHARE = 0.01
GC_SHARE = 0.01
EXEMPT_NS = 10_000
SEPARATION = 4.5
"""Two halves of one bell are 2.7 apart by this measure, of a flat distribution 3.5."""
MINORITY = 0.05
_BLOCKS = 20


@dataclass(frozen=True, slots=True)
class TimingCheck:
    """One check: whether it passed (None: cannot tell), and why."""

    name: str
    ok: bool | None
    message: str

    def as_dict(self) -> dict[str, str | bool | None]:
        """Return the check as plain data."""
        return {"name": self.name, "ok": self.ok, "message": self.message}


def check_all(
    timed: Timed,
    null: Timed,
    environment: Mapping[str, Any],
    wanted: Sequence[float],
) -> list[TimingCheck]:
    """Return every check of a timing.

    Parameters
    ----------
    timed, null : Timed
        Of the system and of the null system.
    environment : Mapping
        As `robotvision.runs.environment.describe` gives it.
    wanted : sequence of float
        The quantiles asked for.
    """
    if not len(timed.total):
        return [TimingCheck("failures", False, f"no frame was answered ({timed.first_fault})")]
    ratios = relative(timed)
    return [
        failures(timed),
        supported(len(timed.total), wanted),
        after_the_answer(timed.work, timed.rests, int(environment.get("cores_usable") or 1)),
        first_frames(timed, ratios),
        seen_before(timed),
        drift(timed, ratios),
        two_modes(ratios),
        load(timed, environment),
        governor(environment),
        threads(environment),
        collector(timed, environment),
        timer(timed),
        overhead(timed, null),
    ]


def verdict(checks: Sequence[TimingCheck]) -> tuple[bool, str]:
    """Return whether the figures can be quoted, and the verdict in words."""
    failed = [c.name for c in checks if c.ok is False]
    if failed:
        return False, f"not to be quoted: {', '.join(failed)}"
    unsure = [c.name for c in checks if c.ok is None]
    return True, "can be quoted" + (f"; not known: {', '.join(unsure)}" if unsure else "")


def relative(timed: Timed) -> Floats:
    """Return latencies over the median of the same frame's, or over the median of all.

    The latter where each frame was measured fewer than three times.
    """
    total = timed.total.astype(np.float64)
    positions = np.asarray(timed.position)
    counts = np.bincount(positions)
    if counts[counts > 0].min() < MIN_PASSES:
        return total / max(1.0, float(np.median(total)))
    ratios: Floats = total / np.maximum(1.0, _medians(total, positions, len(counts))[positions])
    return ratios


def _medians(values: Floats, positions: NDArray[np.int64], n: int) -> Floats:
    """Return the median of the values at each of ``n`` positions; 0 where there is none."""
    medians = np.zeros(n)
    order = np.argsort(positions, kind="stable")
    for own in np.split(order, np.flatnonzero(np.diff(positions[order])) + 1):
        if len(own):
            medians[positions[own[0]]] = np.median(values[own])
    return medians


def failures(timed: Timed) -> TimingCheck:
    """Say whether frames failed."""
    if timed.n_failed:
        return TimingCheck(
            "failures", False, f"{timed.n_failed} frames failed ({timed.first_fault})"
        )
    return TimingCheck("failures", True, "no frame failed")


def supported(n: int, wanted: Sequence[float]) -> TimingCheck:
    """Say which of the quantiles so many frames support."""
    missing = [q for q in wanted if q > 0.5 and not is_supported(n, q)]
    if missing:
        words = ", ".join(
            f"p{100 * q:g} not supported by {n} frames (needs {frames_needed(q)})" for q in missing
        )
        return TimingCheck("quantiles", False, words)
    return TimingCheck("quantiles", True, f"{n} frames support every quantile asked for")


def first_frames(timed: Timed, ratios: Floats) -> TimingCheck:
    """Say whether the first frames were slow, and whether the warm-up took that up."""
    usual = float(np.median(timed.total))
    start = float(np.median(ratios[: max(5, len(ratios) // 50)]))
    cold = timed.warm_up_ns[0] / usual if timed.warm_up_ns and usual else 1.0
    words = f"the very first frame took {cold:.1f} times the median"
    if start > FIRST:
        return TimingCheck(
            "first frames",
            False,
            f"{words}; after the warm-up still {start:.2f} times: warm up longer",
        )
    return TimingCheck(
        "first frames",
        True,
        f"{words}; {len(timed.warm_up_ns)} were left out, after them {start:.2f} times",
    )


def after_the_answer(work: Work, rests: Rests, n_processors: int) -> TimingCheck:
    """Say whether the system did work for a frame after it had answered."""
    name = "work after the answer"
    if work.exceeds(n_processors):
        return TimingCheck(name, False, work.describe(n_processors))
    if not rests.latencies_ns:
        return TimingCheck(name, None, "the system was not watched after its answers")
    words = f"{rests.work_ns / 1e6:.2f} ms of processor time after an answer"
    beside = f"{words}, beside {rests.interval_ns / 1e6:.2f} ms timed"
    if rests.is_restless:
        busy = f"{words}: it keeps a processor busy between frames, whether with work is not known"
        return TimingCheck(name, None, busy)
    if rests.work_ns > rests.least_ns:
        return TimingCheck(name, False, f"{beside}: the latency does not hold all of its work")
    if rests.work_ns + rests.waiting_ns > rests.least_ns:
        spun = f"{rests.waiting_ns / 1e6:.2f} ms in threads of OpenMP, BLAS or the like"
        hint = "set OMP_WAIT_POLICY=passive, OPENBLAS_THREAD_TIMEOUT=4, KMP_BLOCKTIME=0 to tell"
        return TimingCheck(name, None, f"{beside}; {spun}, which may only wait: {hint}")
    return TimingCheck(name, True, beside)


def seen_before(timed: Timed) -> TimingCheck:
    """Say whether frames that were timed before are answered faster, as out of a cache."""
    name = "frames seen before"
    position, passes = np.asarray(timed.position), np.asarray(timed.pass_number)
    total = np.maximum(1.0, timed.total.astype(np.float64))
    n, is_first = int(position.max()) + 1, passes == 0
    first = _medians(total[is_first], position[is_first], n)
    later = _medians(total[~is_first], position[~is_first], n)
    both = (first > 0) & (later > 0)
    if not both.any():
        return TimingCheck(name, True, "no frame was timed twice, and the warm-up was mirrored")
    ratio = float(np.median(first[both] / later[both]))
    words = f"took {ratio:.2f} times as long at first as later; the warm-up was mirrored"
    if ratio > FIRST:
        return TimingCheck(
            name, False, f"{words}: a cache? time it on a longer sequence, --passes 1"
        )
    return TimingCheck(name, True, words)


def drift(timed: Timed, ratios: Floats) -> TimingCheck:
    """Say whether frames became slower or faster (Kendall's tau over twenty blocks)."""
    if len(ratios) < 3 * _BLOCKS:
        return TimingCheck("drift", None, f"{len(ratios)} frames are too few to tell")
    from scipy.stats import kendalltau

    blocks = [float(np.median(b)) for b in np.array_split(ratios, _BLOCKS)]
    change = float(np.median(blocks[-5:]) / np.median(blocks[:5]) - 1)
    is_constant = min(blocks) == max(blocks)
    p = 1.0 if is_constant else float(kendalltau(range(_BLOCKS), blocks).pvalue)
    words = f"{change:+.1%} from the first quarter to the last (p {p:.2g})"
    return TimingCheck("drift", not (abs(change) > DRIFT and p < 0.01), words)


def two_modes(ratios: Floats) -> TimingCheck:
    """Say whether latencies fall into two heaps (Ashman's D of the best split in two)."""
    values = np.sort(np.log(np.maximum(ratios, 1e-9)))
    n = len(values)
    if n < 60:
        return TimingCheck("two modes", None, f"{n} frames are too few to tell")
    values = values[n // 200 : n - n // 200]
    distance, share = best_split(values)
    is_split = distance > SEPARATION and share >= MINORITY
    words = f"the best split in two parts {share:.0%} at a distance of {distance:.1f}"
    return TimingCheck("two modes", not is_split, f"{words}{': two heaps' if is_split else ''}")


def best_split(ordered: Floats) -> tuple[float, float]:
    """Return Ashman's D between the two clusters of least variance, and the smaller one's share.

    Parameters
    ----------
    ordered : (n,) float
        In rising order.
    """
    n = len(ordered)
    k = np.arange(1, n)
    sums, squares = np.cumsum(ordered), np.cumsum(ordered**2)
    left = squares[:-1] - sums[:-1] ** 2 / k
    right = (squares[-1] - squares[:-1]) - (sums[-1] - sums[:-1]) ** 2 / (n - k)
    cut = int(np.argmin(left + right)) + 1
    a, b = ordered[:cut], ordered[cut:]
    spread = float(np.sqrt((a.var() + b.var()) / 2))
    gap = float(b.mean() - a.mean())
    if gap < 1e-3:
        return 0.0, min(cut, n - cut) / n
    return gap / max(spread, 1e-4), min(cut, n - cut) / n


def load(timed: Timed, environment: Mapping[str, Any]) -> TimingCheck:
    """Say what others took of the processors while a system was timed."""
    a, b, cores = timed.before, timed.after, int(environment.get("cores") or 1)
    return load_check(None if a is None or b is None else Load.between(a, b, timed.seconds, cores))


def load_check(found: Load | None) -> TimingCheck:
    """Say whether others took much of the processors, the host of a virtual machine included."""
    if found is None:
        return TimingCheck("load", None, "this system does not tell what others take")
    words = f"others took {found.others:.0%} of the processors"
    if found.stolen > STOLEN_SHARE:
        words += f", of that the host of this virtual machine {found.stolen:.1%}"
    return TimingCheck("load", found.others <= OTHERS_SHARE and found.stolen <= STOLEN_SHARE, words)


def governor(environment: Mapping[str, Any]) -> TimingCheck:
    """Say whether the processor keeps its frequency."""
    name = environment.get("governor")
    if name is None:
        return TimingCheck("frequency", None, "no frequency governor to be seen")
    return TimingCheck("frequency", name == "performance", f"governor {name}")


def threads(environment: Mapping[str, Any]) -> TimingCheck:
    """Say whether a library runs more threads than there are processors for."""
    counts: Mapping[str, int] = environment.get("threads", {})
    cores = int(environment.get("cores_usable") or 1)
    words = ", ".join(f"{k} {n}" for k, n in counts.items()) + f" on {cores} processors"
    return TimingCheck("threads", all(n <= cores for n in counts.values()), words)


def collector(timed: Timed, environment: Mapping[str, Any]) -> TimingCheck:
    """Say what the garbage collector took."""
    share = timed.collecting_ns / 1e9 / timed.seconds if timed.seconds else 0.0
    state = "on" if environment.get("garbage_collection") else "off"
    words = f"{state}, {timed.collections} runs, {share:.2%} of the time"
    return TimingCheck("garbage collector", share <= GC_SHARE, words)


def timer(timed: Timed) -> TimingCheck:
    """Say whether the clock is fine enough for what was measured.

    It is where a step and a reading are at most 1 % of the median. Latencies under 10 µs are
    exempt: there no clock of Python's is, and what is lost is known (the null system's figures).
    """
    step, cost = clock_step_ns(), clock_cost_ns()
    usual = float(np.median(timed.total))
    words = f"steps of {step} ns, {cost:.0f} ns a reading"
    if usual < EXEMPT_NS:
        words += "; latencies under 10 µs are not held to 1 % of that"
    return TimingCheck("clock", step + cost <= 0.01 * usual or usual < EXEMPT_NS, words)


def clock_step_ns(n: int = 2000) -> int:
    """Return the smallest step of the clock that was seen."""
    readings = [time.perf_counter_ns() for _ in range(n)]
    steps = [b - a for a, b in pairwise(readings) if b > a]
    return min(steps, default=0)


def clock_cost_ns(n: int = 2000) -> float:
    """Return what reading the clock costs."""
    begun = time.perf_counter_ns()
    for _ in range(n):
        time.perf_counter_ns()
    return (time.perf_counter_ns() - begun) / n


def overhead(timed: Timed, null: Timed) -> TimingCheck:
    """Say what the harness adds inside the timed interval, by the null system."""
    return overhead_check(float(np.median(timed.total)), float(np.median(null.total)))


def overhead_check(usual: float, own: float) -> TimingCheck:
    """Say what the harness adds, from a system's median and the null system's in nanoseconds."""
    share = own / usual if usual else 1.0
    words = f"the null system takes {own / 1e3:.2f} µs, {share:.2%} of the median"
    return TimingCheck("harness", share <= NULL_SHARE, words)


def recorded_checks(report: Mapping[str, Any]) -> list[TimingCheck]:
    """Return the checks of the machine that a recorded run allows.

    Parameters
    ----------
    report : Mapping
        What ``report.json`` holds.
    """
    environment, null = report.get("environment") or {}, report.get("null_ns") or {}
    if not environment:
        return [TimingCheck("machine", None, "the log does not say which machine it was")]
    load = report.get("load")
    checks = [
        load_check(None if load is None else Load(**load)),
        governor(environment),
        threads(environment),
    ]
    codes = [notice["code"] for notice in report.get("warnings", ())]
    if "work-after-answer" in codes:
        words = "the system worked on after its answers"
        checks.append(TimingCheck("work after the answer", False, words))
    if "total" in null and "total" in report["latency_ns"]:
        usual, own = (rows["total"]["p50"] for rows in (report["latency_ns"], null))
        checks.append(overhead_check(usual, own))
    return checks
