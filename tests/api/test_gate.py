"""A run against a baseline: alarms on equal systems are rare, worse ones are found."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robotvision.api.gate import gate
from robotvision.errors import RobotVisionError
from robotvision.report.requirements import GateVerdict

SCRIPTS = Path(__file__).parents[2] / "scripts"
MakeRun = Callable[..., Path]


@pytest.fixture(scope="module")
def script() -> Any:
    """Return what ``scripts/check_gate.py`` defines."""
    sys.path.insert(0, str(SCRIPTS))
    try:
        return runpy.run_path(str(SCRIPTS / "check_gate.py"))
    finally:
        sys.path.remove(str(SCRIPTS))


def test_equal_systems_raise_few_alarms_and_worse_ones_do(script: Any) -> None:
    """The short form of ``scripts/check_gate.py``: 40 pairs instead of 200."""
    equal = script["verdicts"](40, 20, 0.0, 1)
    assert equal[GateVerdict.FAIL] <= 3  # more are as likely as 1 in 700 where 2.5 % are false
    worse = script["verdicts"](12, 40, 2.0, 1)
    assert worse[GateVerdict.FAIL] >= 9
    assert worse[GateVerdict.PASS] == 0


def test_the_margin_is_what_may_stay_open_and_not_what_may_be_lost(script: Any) -> None:
    rng = np.random.default_rng(5)
    visits = np.repeat(np.arange(40), 20)
    old = rng.random(len(visits)) < 0.9
    clearly = old & (rng.random(len(visits)) < 0.8)
    made = script["recorded"]
    runs = [made(r.tolist(), visits.tolist(), name) for r, name in ((clearly, "b"), (old, "a"))]
    assert gate(runs[0], against=runs[1], margin=1.0).verdict is GateVerdict.FAIL
    assert gate(runs[1], against=runs[0]).verdict is GateVerdict.PASS
    few = old.copy()
    few[np.flatnonzero(old)[0]] = False
    little = made(few.tolist(), visits.tolist(), "c")
    assert gate(little, against=runs[1], margin=0.0).verdict is GateVerdict.CANNOT_TELL
    assert gate(little, against=runs[1], margin=0.1).verdict is GateVerdict.PASS


def test_the_same_answers_pass_whatever_the_margin(make_run: MakeRun) -> None:
    same = gate(make_run("a"), against=make_run("b"), margin=0.0)
    assert same.verdict is GateVerdict.PASS
    assert "every frame earned the same" in same.results[0].reason


def test_runs_that_do_not_compare_are_refused(make_run: MakeRun) -> None:
    points = {"room": {"correct": 2, "wrong": -1, "unanswered": 0}}
    task = {"id": "rooms", "title": "", "rooms": ["Kitchen", "Office", "Hall"]}
    other = make_run("other", about={"task": task | {"points": points}})
    with pytest.raises(RobotVisionError, match="points by different rules"):
        gate(make_run(), against=other)
    for margin in (-0.1, float("nan")):
        with pytest.raises(RobotVisionError, match="margin: expected"):
            gate(make_run(), against=other, margin=margin)
