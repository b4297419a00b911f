"""Curves of points, the places where two runs swap ranks, and the image of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from robotvision.cli.curve import command
from robotvision.errors import RobotVisionError
from robotvision.report.curve import draw, swap_text
from robotvision.runs.curve import curves, named, own_deadlines_ms, parse_values
from robotvision.runs.log import RunLog, RunRecord
from robotvision.runs.rescore import Recorded
from robotvision.scoring.policy import named_policy
from robotvision.timing.compare import comparability, differences
from tests.fixtures.examples import examples

MS = 1_000_000
Log = Callable[..., RunRecord]


def two(log: Log) -> dict[str, Recorded]:
    """A quick system that is right four times in five, and a slow one that is always right."""
    rooms = ["A"] * 100
    quick = [("A" if i % 5 else "B") for i in range(100)]
    return {
        "quick": Recorded(log([10 * MS] * 100, rooms, quick)),
        "slow": Recorded(log([25 * MS] * 100, rooms)),
    }


def test_two_runs_swap_ranks_where_the_slow_one_makes_the_deadline(log: Log) -> None:
    """At 25 ms the slow and perfect system overtakes the quick one."""
    found = curves(two(log), [named_policy("deadline")], [0, 10, 20, 30], [])
    by_run = {c.run: c for c in found.curves}
    assert by_run["quick"].points == (0, 70, 70, 70)
    assert by_run["slow"].points == (0, 0, 0, 100)
    assert found.offline == {"quick": 70, "slow": 100}
    assert found.max_points == 100
    (swap,) = found.swaps
    assert (swap.ahead, swap.behind) == ("quick", "slow")
    assert 20 < swap.low <= 25 <= swap.high < 30
    assert swap.high - swap.low < 0.01
    assert swap_text(swap).endswith("ms: slow overtakes quick")


def test_a_slower_machine_gives_the_quick_system_the_first_place(log: Log) -> None:
    """With the next frame as deadline the slow system needs 25 of 33 ms: down to 0.75 times."""
    found = curves(two(log), [named_policy("deadline")], [], [0.3, 0.5, 1.0, 2.0])
    (swap,) = found.swaps
    assert (swap.ahead, swap.behind, swap.axis) == ("quick", "slow", "machine_speed")
    assert swap.low <= 0.7501
    assert swap.high >= 0.7499
    assert json.loads(json.dumps(found.to_json(), allow_nan=False))["swaps"]


@examples(20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(latency=st.lists(st.integers(0, 120 * MS), min_size=2, max_size=30))
def test_under_deadline_more_time_never_costs_points_of_a_perfect_system(
    log: Log, latency: list[int]
) -> None:
    """The schedule does not depend on the deadline, so right answers only come to count."""
    run = Recorded(log(latency, ["A"] * len(latency)))
    (found,) = curves({"x": run}, [named_policy("deadline")], range(0, 150, 10), []).curves
    assert list(found.points) == sorted(found.points)


def test_values_are_spelt_by_steps_or_one_by_one() -> None:
    """The last value is included where the steps meet it."""
    assert parse_values("0:1:0.1", "x", 0.0)[-1] == 1.0
    assert parse_values("0:10:4", "x", 0.0) == [0, 4, 8]
    assert parse_values("3,1,1", "x", 0.0) == [1, 3]
    for text in ("", "1:2", "2:1:1", "1:2:0", "a", "1,nan", "-1,2", "1:2,3:4"):
        with pytest.raises(RobotVisionError, match="x: expected first:last:step or a list"):
            parse_values(text, "x", 0.0)
    with pytest.raises(RobotVisionError, match="are too many"):
        parse_values("0:1:0.000001", "x", 0.0)


def test_own_deadlines_begin_at_0_and_reach_beyond_the_slow_answers(log: Log) -> None:
    """Round steps, wide enough that the curve has come to its end."""
    values = own_deadlines_ms([Recorded(log([60 * MS] * 30, ["A"] * 30))], None)
    assert values[0] == 0
    assert len(values) == 26
    assert values[-1] >= 93


def test_runs_of_other_frames_or_tasks_are_not_compared(log: Log) -> None:
    """Points over different frames do not compare; it is said which runs they are."""
    a, b = log([1] * 5, ["A"] * 5), log([1] * 6, ["A"] * 6)
    with pytest.raises(RobotVisionError, match="one, two: runs over different frames"):
        comparability({"one": a, "two": b})
    c = log([1] * 5, ["A"] * 5)
    c.about["task"]["id"] = "other"
    with pytest.raises(RobotVisionError, match=r"runs of different tasks \(rooms, other\)"):
        comparability({"one": a, "two": c})


def test_another_machine_or_thread_setting_is_said(log: Log) -> None:
    """Latencies of two processors, or of one thread and of two, do not stand alone."""
    a, b = log([1] * 5, ["A"] * 5), log([1] * 5, ["A"] * 5)
    assert comparability({"a": a, "b": b}) == [
        "a, b: not known whether they ran on the same machine"
    ]
    here: dict[str, Any] = {"processor": "X", "threads": {"opencv": 2}, "packages": {"numpy": "2"}}
    a.about["environment"] = here
    b.about["environment"] = here
    assert comparability({"a": a, "b": b}) == []
    b.about["environment"] = {**here, "processor": "Y", "threads": {"opencv": 1}}
    (line,) = comparability({"a": a, "b": b})
    assert "processor: X and Y; threads of opencv: 2 and 1" in line
    assert differences(here, here) == []


def test_figures_are_written_in_every_format(log: Log, tmp_path: Path) -> None:
    """A panel for each policy and axis; another ending is refused."""
    policies = [named_policy("deadline"), named_policy("streaming")]
    found = curves(two(log), policies, [0, 10, 30], [0.5, 1, 2])
    for ending, magic in (
        ("svg", b"<?xml"),
        ("png", b"\x89PNG"),
        ("pdf", b"%PDF"),
        ("eps", b"%!PS"),
    ):
        draw(found, tmp_path / f"c.{ending}")
        content = (tmp_path / f"c.{ending}").read_bytes()
        assert content.startswith(magic)
        assert b"Date" not in content
    with pytest.raises(RobotVisionError, match=r"expected a file ending in .pdf, .svg"):
        draw(found, tmp_path / "c.bmp")


def test_the_command_prints_tables_or_one_json_object(log: Log, tmp_path: Path) -> None:
    """Two logs of one name are told apart by number."""
    paths = []
    for name, ms in (("a", 10), ("b", 40)):
        path = tmp_path / name / "run" / "run.jsonl"
        path.parent.mkdir(parents=True)
        record = log([ms * MS] * 30, ["A"] * 30)
        file = RunLog(path)
        file.write("run", {"schema": 1, **record.about})
        file.write("sequence", record.sequences[0].about)
        for frame in record.frames():
            file.frame(frame)
        file.close()
        paths.append(str(path))
    shown = CliRunner().invoke(command, [*paths, "--deadline-ms", "0:60:20", "--json"])
    data = json.loads(shown.stdout)
    assert set(data["offline"]) == {"run", "run#2"}
    assert {c["axis"] for c in data["curves"]} == {"deadline_ms", "machine_speed"}
    assert "not known whether" in data["warnings"][0]
    table = CliRunner().invoke(command, [*paths, "--deadline-ms", "0,60", "--speeds", "1"]).stdout
    assert "points under deadline by deadline in ms" in table
    assert list(named([])) == []
