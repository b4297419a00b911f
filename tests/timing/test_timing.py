"""Latency that can be quoted: quantiles, checks that can fail, paired ratios, sustained rates."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from robotvision.cli.time import command
from robotvision.errors import RobotVisionError, SystemFault
from robotvision.experiment.time_config import from_command
from robotvision.playback.schedule import due_times, schedule
from robotvision.records import Frame
from robotvision.report.rescored import overruns_text
from robotvision.report.tables import latency_note, latency_table
from robotvision.runs.overruns import overruns, period_of
from robotvision.scoring.policy import Policy, named_policy
from robotvision.systems.base import Reply
from robotvision.tasks import load_task
from robotvision.timing import checks
from robotvision.timing.in_memory_sequence import InMemory, stand_in
from robotvision.timing.load import Usage, descendants, usage
from robotvision.timing.measure import Timed, TimingOptions, measure
from robotvision.timing.null import Null, null_figures, null_run
from robotvision.timing.quantiles import (
    frames_needed,
    is_supported,
    parse_quantile,
    quantile_interval,
    summary,
)
from robotvision.timing.ratio import measure_pair, ratio_interval
from robotvision.timing.sustain import confirm, highest_rate, kept_up
from tests.fixtures.examples import examples

MS = 1_000_000


@given(st.integers(1, 5000), st.sampled_from([0.5, 0.9, 0.99, 0.999]))
def test_a_quantile_is_supported_by_the_binomial_rule(n: int, q: float) -> None:
    """At least two of n frames lie above it with 99 % confidence, as scipy counts it."""
    assert is_supported(n, q) == (binom.cdf(1, n, 1 - q) <= 0.01)


def test_frames_that_each_quantile_needs() -> None:
    """64 for p90, 662 for p99, 6636 for p99.9; one fewer is not enough."""
    assert [frames_needed(q) for q in (0.9, 0.99, 0.999)] == [64, 662, 6636]
    assert not is_supported(661, 0.99)
    found = summary(list(range(1, 301)))
    assert found == {"p50": 150, "p90": 270, "p99": None, "max": 300}
    assert summary([]) == {"p50": None, "p90": None, "p99": None, "max": None}
    assert "p99.9" not in summary(range(6635))
    assert summary(range(6636))["p99.9"] == 6629
    assert "p99.9" not in summary(range(6636), {"p50": 0.5})
    assert parse_quantile("p99.9") == 0.999
    for text in ("p100", "p0", "x", "pnan"):
        with pytest.raises(RobotVisionError, match="quantile: expected a name such as p99"):
            parse_quantile(text)


def test_waiting_is_given_by_its_mean_and_share_since_it_comes_in_bursts() -> None:
    """Nine frames at once, then 100 ms: the median is 0, and half of the loop was waiting."""
    waits = ([0] * 9 + [100 * MS]) * 7
    timed = Timed(columns={"wait": waits, "hand-over": [0] * 70, "total": [10 * MS] * 70})
    row = timed.table()["wait"]
    assert (row["p50"], row["mean"], row["share"]) == (0, 10 * MS, 0.5)
    table = latency_table(timed.table())
    assert [r[0] for r in table.rows] == ["hand-over", "total"]
    assert "waiting for frames: 10.000 ms on average, 50.0% of the loop" in latency_note(
        timed.table()
    )


def test_overruns_are_the_frames_that_take_longer_than_the_camera_s_period() -> None:
    """A frame that takes a period exactly is in time."""
    took = np.array([33, 40, 20, 90], np.int64) * MS
    found = overruns(took, 33 * MS)
    assert found == {
        "period_ns": 33 * MS,
        "frames": 2,
        "of": 4,
        "share": 0.5,
        "longest_ns": 57 * MS,
    }
    assert "2 of 4 frames (50.00%) took longer" in overruns_text(found)
    assert overruns(took[:0], 33 * MS)["share"] is None
    assert period_of(None) is None


class Slow(Null):
    """Takes given times, frame after frame, by a busy clock."""

    def __init__(self, times_ns: Callable[[int], int]) -> None:
        self.times_ns, self.asked = times_ns, 0

    def answer(self, frame: Frame) -> Reply:
        """Spin."""
        end = time.perf_counter_ns() + self.times_ns(self.asked)
        self.asked += 1
        while time.perf_counter_ns() < end:
            pass
        return Reply(self._reply.answer, {"work": self.times_ns(self.asked - 1) // 2})


def tour(n: int = 30) -> Any:
    return stand_in(n, size=(8, 8))


def test_the_cycle_is_the_sum_of_its_parts() -> None:
    """Wait, hand-over, stages, rest, log and residual: nothing of a frame's time is left over."""
    timed = measure(Slow(lambda k: 200_000), tour(), TimingOptions(n_passes=2, warm_up=3))
    columns = timed.columns
    assert len(columns["cycle"]) == 58
    totals = [w + r for w, r in zip(columns["work"], columns["rest"], strict=True)]
    assert totals == columns["total"]
    after_first = [k for k in range(60) if k % 30]
    for cycle, residual, k in zip(columns["cycle"], columns["residual"], after_first, strict=True):
        inside = (columns[c][k] for c in ("wait", "hand-over", "total", "log"))
        assert cycle == residual + sum(inside)
        assert residual >= 0
    assert timed.n_passes == 2
    assert len(timed.warm_up_ns) == 3
    assert timed.jitter_ns is not None
    assert timed.throughput_hz is not None
    assert timed.throughput_hz < 5000


def test_passes_go_on_until_the_quantile_is_supported() -> None:
    """Eight passes over ten frames give 64 cycles for p90; a limit of time ends it sooner."""
    timed = measure(Null(), tour(10), TimingOptions(quantiles=(0.9,), warm_up=0))
    assert 64 <= len(timed.columns["cycle"]) <= 72
    assert timed.table()["total"]["p90"] is not None
    assert timed.table()["total"]["p99"] is None
    short = measure(Slow(lambda k: 5 * MS), tour(10), TimingOptions(max_s=0.05, warm_up=0))
    assert 1 <= len(short.total) < 40


def test_failed_frames_are_counted_and_left_out() -> None:
    """A frame on which the system fails has no latency to quote."""

    class Failing(Null):
        def answer(self, frame: Frame) -> Reply:
            if frame.index % 3 == 0:
                raise SystemFault("no idea")
            return self._reply

    timed = measure(Failing(), tour(30), TimingOptions(n_passes=1, warm_up=0))
    assert (timed.n_failed, len(timed.total)) == (10, 20)
    assert checks.failures(timed).ok is False
    with pytest.raises(RobotVisionError, match="no frames to time a system on"):
        measure(Null(), tour(0))


def test_the_null_system_stands_for_the_harness() -> None:
    """Its figures are JSON, and small beside a millisecond even on a loaded machine."""
    figures = null_figures(200)
    assert json.dumps(figures, allow_nan=False)
    assert figures["total"]["p50"] < 100_000
    assert figures["cycle"]["p50"] >= figures["total"]["p50"]


def timed_of(latency: Any, n_frames: int = 100) -> Timed:
    """Return a timing with given latencies."""
    values = [int(v) for v in latency]
    found = Timed(seconds=sum(values) / 1e9, warm_up_ns=[values[0]] * 5)
    found.position = [k % n_frames for k in range(len(values))]
    found.pass_number = [k // n_frames for k in range(len(values))]
    found.columns = {"total": values}
    return found


def noise(n: int = 700, seed: int = 0) -> Any:
    draw = np.random.default_rng(seed)
    content = 10e6 * (1 + np.arange(100) / 50)  # the sequence's rooms are three times apart
    return np.resize(content, n) * draw.lognormal(0, 0.05, n)


@pytest.mark.parametrize("seed", range(4))
def test_a_steady_system_passes_though_its_rooms_differ(seed: int) -> None:
    """What the sequence shows is not taken for a drift, nor for two modes."""
    timed = timed_of(noise(seed=seed))
    ratios = checks.relative(timed)
    assert checks.drift(timed, ratios).ok
    assert checks.two_modes(ratios).ok
    assert checks.first_frames(timed, ratios).ok


def test_a_machine_that_becomes_slower_is_found() -> None:
    """A tenth more from the first frame to the last."""
    timed = timed_of(noise() * np.linspace(1, 1.15, 700))
    check = checks.drift(timed, checks.relative(timed))
    assert check.ok is False
    assert check.message.startswith("+")


def test_two_heaps_are_found() -> None:
    """Every fifth frame takes half as long again: two modes, whatever the median says."""
    timed = timed_of(noise() * np.where(np.arange(700) % 7 < 2, 1.6, 1.0))
    check = checks.two_modes(checks.relative(timed))
    assert check.ok is False
    assert check.message.endswith("two heaps")
    flat = np.sort(np.log(np.linspace(1, 2, 1000)))
    assert checks.best_split(flat)[0] < checks.SEPARATION


def test_a_cold_start_that_the_warm_up_did_not_take_up_is_found() -> None:
    """The first frames of the measurement are still twice as slow."""
    slow = noise()
    slow[:20] *= 2
    timed = timed_of(slow)
    assert checks.first_frames(timed, checks.relative(timed)).ok is False


def test_load_threads_governor_collector_and_harness() -> None:
    """Each finds its fault, passes without it, and says so where it cannot tell."""
    timed = timed_of(noise())
    timed.seconds, timed.before = 10.0, Usage(100.0, 0.0, 50.0)
    busy = replace(timed, after=Usage(115.0, 0.0, 60.0))
    stolen = replace(timed, after=Usage(110.0, 1.0, 60.0))
    calm = replace(timed, after=Usage(110.5, 0.0, 60.0))
    two = {"cores": 2}
    assert [checks.load(t, two).ok for t in (busy, stolen, calm)] == [False, False, True]
    assert checks.load(replace(timed, after=Usage(None, None, 0)), two).ok is None
    assert [checks.governor({"governor": g}).ok for g in (None, "performance", "powersave")] == [
        None,
        True,
        False,
    ]
    assert checks.threads({"threads": {"opencv": 4}, "cores_usable": 2}).ok is False
    assert checks.threads({"threads": {"opencv": 2}, "cores_usable": 2}).ok
    timed.collecting_ns = 200 * MS
    assert checks.collector(timed, {"garbage_collection": True}).ok is False
    null = timed_of([300] * 100)
    assert checks.overhead(timed, null).ok
    assert checks.overhead(timed_of([1000] * 100), null).ok is False
    assert checks.timer(timed).ok


def test_the_verdict_names_what_failed_and_what_is_not_known() -> None:
    """One failed check and the figures are not to be quoted."""
    ok, no, unknown = (
        checks.TimingCheck(n, v, "") for n, v in (("a", True), ("b", False), ("c", None))
    )
    assert checks.verdict([ok, unknown]) == (True, "can be quoted; not known: c")
    assert checks.verdict([ok, no, unknown]) == (False, "not to be quoted: b")
    empty = checks.check_all(Timed(n_failed=3, first_fault="dead"), null_run(50), {}, [0.9])
    assert checks.verdict(empty) == (False, "not to be quoted: failures")


def test_own_processor_time_counts_children_and_not_others() -> None:
    """A living child's time is ours; it is found through /proc."""
    before = usage()
    spin = "import time\ne = time.process_time() + 0.3\nwhile time.process_time() < e: pass\n"
    code = spin + "print()\ninput()"
    child = subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1, text=True)
    assert child.stdout is not None
    child.stdout.readline()
    assert child.pid in descendants(os.getpid())
    assert usage().own_s - before.own_s >= 0.25
    child.communicate("\n")
    assert usage().own_s - before.own_s >= 0.25


def test_the_ratio_of_two_systems_is_found_with_an_interval_that_holds_it() -> None:
    """Twice the latency under shared noise and content: 2 lies within, 1 does not."""
    draw = np.random.default_rng(1)
    content = np.repeat(draw.lognormal(0, 0.5, 50), 10)
    b = (5e6 * content * draw.lognormal(0, 0.1, 500)).astype(np.int64)
    a = (10e6 * content * draw.lognormal(0, 0.1, 500)).astype(np.int64)
    found = ratio_interval(a, b)
    assert found.low <= 2.0 <= found.high
    assert found.high - found.low < 0.1
    assert ratio_interval(a, b) == found
    same = ratio_interval(b, (b * draw.lognormal(0, 0.1, 500)).astype(np.int64))
    assert same.low <= 1.0 <= same.high
    with pytest.raises(RobotVisionError, match="at least 10 frames, got 9"):
        ratio_interval(a[:9], b[:9])


def test_the_interval_covers_as_often_as_it_claims() -> None:
    """Of sixty comparisons of equal systems with correlated noise, hardly one in ten misses."""
    misses = 0
    for seed in range(60):
        draw = np.random.default_rng(seed)
        wave = np.convolve(draw.normal(0, 0.05, 304), np.ones(5) / 5, "valid")
        a = (1e6 * np.exp(wave + draw.normal(0, 0.02, 300))).astype(np.int64)
        found = ratio_interval(a, np.full(300, 10**6))
        misses += not found.low <= 1.0 <= found.high
    assert misses <= 10


def test_two_systems_are_asked_in_turns() -> None:
    """Each goes first for every other frame, and the slower one is found to be slower."""
    order: list[str] = []

    class Noted(Slow):
        def __init__(self, name: str, ns: int) -> None:
            super().__init__(lambda k: ns)
            self.label = name

        def answer(self, frame: Frame) -> Reply:
            order.append(self.label)
            return super().answer(frame)

    paired = measure_pair(Noted("a", 900_000), Noted("b", 300_000), tour(20), wanted=30, warm_up=2)
    assert "".join(order[:8]) == "abbaabba"
    assert len(paired.a_ns) == 30
    data = paired.to_json()
    assert data["interval"][0] > 1.2
    assert json.dumps(data, allow_nan=False)


@examples(30)
@given(
    st.lists(st.integers(1 * MS, 80 * MS), min_size=20, max_size=60),
    st.sampled_from(["deadline", "streaming", "queue"]),
)
def test_a_sustained_rate_is_kept_up_with_by_the_schedule(latency: list[int], name: str) -> None:
    """At the rate found the share holds; ten times the rate is beyond any of these systems."""
    policy = named_policy(name)
    found = highest_rate(latency, policy, 0.9)
    assert found.rate_hz is not None
    due = due_times(range(len(latency)), found.rate_hz)
    assert kept_up(due, schedule(due, latency, policy.backlog)[1], policy) >= 0.9
    assert found.rate_hz <= 2e9 / min(latency)


def test_a_constant_latency_sustains_its_own_rate() -> None:
    """40 ms a frame: 25 frames a second, next frame as deadline; a fixed one is no camera's."""
    for name in ("deadline", "queue"):
        found = highest_rate([40 * MS] * 100, named_policy(name))
        assert found.rate_hz == pytest.approx(25.0, rel=0.01)
    assert highest_rate([40 * MS] * 100, Policy("newest", "deadline", 39 * MS)).rate_hz is None


def test_the_wall_clock_confirms_a_rate_that_is_easy_and_not_one_that_is_too_high() -> None:
    """A system of 2 ms keeps up with 20 frames a second and cannot with 1000."""
    system, policy = Slow(lambda k: 2 * MS), named_policy("deadline")
    found = highest_rate([2 * MS] * 50, policy)
    easy = confirm(replace(found, rate_hz=20.0), system, tour(10), policy, seconds=0.5)
    hard = confirm(replace(found, rate_hz=1000.0), system, tour(10), policy, seconds=0.05)
    assert easy.wall_share is not None
    assert hard.wall_share is not None
    assert easy.wall_share > hard.wall_share
    assert (easy.wall_frames, hard.wall_frames) == (10, 50)


def test_the_command_times_a_configuration(config: Callable[..., Path]) -> None:
    """One JSON object with every part; the exit code says whether it can be quoted."""
    shown = CliRunner().invoke(
        command, [str(config()), "--quantile", "p90", "--sustainable", "queue", "--json"]
    )
    data = json.loads(shown.stdout)
    assert data["quotable"] is (data["verdict"].startswith("can be quoted"))
    assert {"hsv_histogram", "classifier", "decision", "rest", "total", "decode"} <= set(
        data["latency_ns"]
    )
    assert set(data["latency_ns"]["total"]) == {"p90", "max"}
    assert data["null_ns"]["total"]["p90"] < data["latency_ns"]["total"]["p90"]
    assert data["memory"]["own_peak_bytes"] > 10**7
    assert data["sustained"]["wall_frames"] > 0
    assert {c["name"] for c in data["checks"]} >= {"drift", "load", "threads", "clock"}


def test_the_command_compares_two_configurations(config: Callable[..., Path]) -> None:
    """Two features take longer than one of them."""
    both = config(features="[hsv_histogram, depth_histogram, phog]", name="both.yaml")
    one = config(features="[hsv_histogram]", name="one.yaml")
    args = [str(both), "--vs", str(one), "--quantile", "p90", "--json"]
    data = json.loads(CliRunner().invoke(command, args).stdout)
    assert data["paired"]["interval"][0] > 1
    assert data["verdict"] == "both takes longer than one"
    names = [check["name"] for check in data["checks"]]
    assert names == ["work after the answer, both", "work after the answer, one"]


def test_the_table_says_in_words_what_is_not_supported(config: Callable[..., Path]) -> None:
    """A star, and beneath the table how many frames it would take."""
    shown = CliRunner().invoke(command, [str(config()), "--passes", "2"]).stdout
    assert "p99 not supported by 36 frames (needs 662)" in shown
    assert "not to be quoted: quantiles" in shown
    assert "verdict:" in shown


def test_pictures_in_memory_are_the_same_every_time() -> None:
    """From a seed; one that is named instead cannot be read."""
    a, b = stand_in(3).load(2), stand_in(3).load(2)
    assert (a["rgb"] == b["rgb"]).all()
    assert stand_in(3).digest(1) == stand_in(3).digest(1)
    with pytest.raises(RobotVisionError, match="gone"):
        InMemory("gone").read()


PROGRAM = """import json, sys
def send(**m):
    print("\\n@rv1 " + json.dumps(m), flush=True)
for line in sys.stdin.buffer:
    m = json.loads(line[5:])
    if m["type"] == "hello":
        send(type="ready", name="tiny", channels=["rgb"], transport=m["transports"][0])
    elif m["type"] == "frame":
        send(type="answer", index=m["index"], room=None, stages_ns={"think": 1000})
    elif m["type"] == "bye":
        break
"""


def test_the_command_times_a_program_on_pictures_in_memory(tmp_path: Path) -> None:
    """Transfer, the program's own stages, and the memory of the largest child."""
    path = tmp_path / "tiny.py"
    path.write_text(PROGRAM)
    args = ["--quantile", "p90", "--passes", "1", "--json", "--", sys.executable, str(path)]
    shown = CliRunner().invoke(command, args)
    data = json.loads(shown.stdout)
    assert data["frames"] == 120
    assert {"send", "program.think", "program.other", "total"} <= set(data["latency_ns"])
    assert data["memory"]["child_peak_bytes"] > 10**6
    assert data["failed"] == 0


def test_only_the_quantiles_asked_for_are_given(config: Callable[..., Path]) -> None:
    """Neither a column nor a note for any other; p50, p90 and p99 where none is asked for."""
    args = [str(config()), "--passes", "1", "--warm-up", "0"]
    data = json.loads(CliRunner().invoke(command, [*args, "--json"]).stdout)
    assert list(data["latency_ns"]["total"]) == ["p50", "p90", "p99", "max"]
    assert list(data["unsupported"]) == ["p90", "p99"]
    shown = CliRunner().invoke(command, [*args, "--quantile", "p99.9", "--quantile", "p75"]).stdout
    assert shown.splitlines()[1].split() == [
        "ms",
        "p75",
        "p99.9",
        "max",
        "null",
        "p50",
        "null",
        "max",
    ]
    assert "p99.9 not supported" in shown
    assert "p90" not in shown


@pytest.mark.parametrize(
    ("options", "rooms"),
    [
        ({"rooms": ("Attic", "Cellar")}, ("Attic", "Cellar")),
        ({"task_name": "imageclef2012"}, load_task("imageclef2012").room_names),
        ({}, ("Corridor", "Kitchen", "Office")),
    ],
)
def test_a_program_is_told_the_labels_that_are_asked_for(
    options: dict[str, Any], rooms: tuple[str, ...], tmp_path: Path
) -> None:
    """As test-system has it: a task's labels, or rooms by name; else those of the stand-in."""
    subject = from_command([sys.executable], None, tmp_path, **options)
    assert subject.session.task.room_names == rooms
    assert set(subject.sequence.room_counts()) == set(rooms)


def test_labels_are_not_for_a_configuration(config: Callable[..., Path]) -> None:
    done = CliRunner().invoke(command, [str(config()), "--room", "Attic"])
    assert done.exit_code == 2
    assert "a CONFIG names its own task" in done.output


@pytest.mark.parametrize(("n", "q"), [(64, 0.5), (700, 0.99), (1000, 0.9), (125, 0.99), (3, 0.5)])
def test_the_interval_of_a_quantile_is_binomial(n: int, q: float) -> None:
    """By SciPy: each end errs with at most 2.5 %, and the next order statistic would err more."""
    low, high = quantile_interval(np.arange(1, n + 1), q)
    ranks = binom(n, q)
    if low is None:
        assert ranks.cdf(0) > 0.025
    else:
        assert ranks.cdf(low - 1) <= 0.025 < ranks.cdf(low)
    if high is None:
        assert ranks.sf(n - 1) > 0.025
    else:
        assert ranks.sf(high - 1) <= 0.025 < ranks.sf(high - 2)
