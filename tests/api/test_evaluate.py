"""Evaluate: the same points from mappings, arrays, sequences, runs and files."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import robotvision as rv
from robotvision.cli import robotvision as command
from robotvision.records import Answer, Truth

ROOMS = ("Corridor", "Toilet", "StudentOffice")
answers_of = st.lists(
    st.tuples(st.sampled_from(ROOMS), st.sampled_from([*ROOMS, None])), min_size=1, max_size=30
)


@given(answers_of)
def test_points_are_those_of_the_rule(pairs: list[tuple[str, str | None]]) -> None:
    """+1, -1, 0 in 2012, whichever way answers and truth are given."""
    truth, answers = zip(*pairs, strict=True)
    expected = sum(0 if a is None else 1 if a == t else -1 for t, a in pairs)
    listed = rv.evaluate(truth, answers, task="imageclef2012")
    arrays = rv.evaluate(np.array(truth), np.array(answers, object), task="imageclef2012")
    numbered = rv.evaluate(
        dict(enumerate(truth, 7)),
        {i: a for i, a in enumerate(answers, 7) if a is not None},
        task="imageclef2012",
    )
    for score in (listed, arrays, numbered):
        assert score.points == expected
        assert score.max_points == score.frames == len(pairs)
        assert sum(score.outcomes.values()) == len(pairs)
        assert score.to_dict() == listed.to_dict()


def test_objects_count_where_the_task_has_them() -> None:
    """One object right, one missed, one stated that is not there."""
    truth = {1: Truth("Corridor", frozenset({"Chair", "Trash"}))}
    answer = rv.Answer("Corridor", objects={"Chair": True, "Printer": True})
    score = rv.evaluate(truth, {1: answer}, task="imageclef2013")
    assert score.points == 1 + 0.125 - 0.125
    assert score.tally.object_points == 0


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Return a truth and a run file of 2012."""
    truth, run = tmp_path / "truth.csv", tmp_path / "run.txt"
    truth.write_text("index,room\n0,Corridor\n1,Toilet\n2,Toilet\n", encoding="utf-8")
    run.write_text("00001 Corridor\n00002 Corridor\n00003 \n", encoding="utf-8")
    return truth, run


def test_files_are_scored_as_the_command_scores_them(files: tuple[Path, Path]) -> None:
    """One call and one command, one score."""
    truth, run = files
    words = ["score", "--task", "imageclef2012", "--truth", str(truth), str(run), "--json"]
    printed = json.loads(CliRunner().invoke(command, words).output)
    score = rv.evaluate(truth, run, task="imageclef2012")
    assert score.points == 0
    assert score.to_dict() == {k: v for k, v in printed.items() if k != "name"}
    mixed = rv.evaluate(truth, {0: "Corridor", 1: "Corridor"}, task="imageclef2012")
    assert mixed.tally.counts == score.tally.counts


def test_a_run_is_evaluated_against_its_sequence(data_root: Path) -> None:
    """The score of a run's answers is the run's own."""
    test = rv.open_sequence(data_root / "test")
    run = rv.replay(test, lambda image: "Hall")
    assert rv.evaluate(test, run).points == run.score.points


Call = Callable[[], object]
WRONG: Sequence[tuple[object, object, Mapping[str, object], str]] = [
    ({1: "a"}, ["a"], {}, "answers: expected a mapping"),
    ({1: "a"}, {2: "a"}, {}, r"the truth does not have \(first: 2\)"),
    (["a"], ["b"], {}, r"answers\[0\]: 'b' is outside the task"),
    (["a", 3], ["a", "a"], {}, r"truth\[1\]: expected a room's label or a Truth, got 3 \(int\)"),
    (["a", "b"], ["a", 3], {}, r"answers\[1\]: expected a room's label, None or an Answer"),
    (["a"], ["a", "b"], {}, r"as many as the truth has frames \(1\), got 2"),
    (
        ["Corridr"],
        ["Corridor"],
        {"task": "imageclef2012"},
        r"truth\[0\]: the room 'Corridr' is not one of the task imageclef2012; did you mean",
    ),
    (["Kitchen", "kitchen", "Kitchen"], [None] * 3, {}, r"truth\[1\]: .*did you mean 'Kitchen'"),
    (
        ["Toilet"],
        [Answer("Toilet", objects={"chair": True})],
        {"task": "imageclef2014"},
        r"answers\[0\]: the object 'chair' is outside the task .*did you mean 'Chair'",
    ),
    (["a"], ["a"], {"task": 5}, r"task: expected .* got 5 \(int\)"),
    (3, ["a"], {}, r"truth: expected .* got 3 \(int\)"),
    ("/nowhere", {1: "a"}, {}, "no such file"),
]


@pytest.mark.parametrize(("truth", "answers", "options", "message"), WRONG)
def test_wrong_arguments_are_refused_in_a_line(
    truth: object, answers: object, options: dict[str, str], message: str
) -> None:
    """Each fault names the argument, what was expected and what was given."""
    with pytest.raises(rv.RobotVisionError, match=message):
        rv.evaluate(truth, answers, **options)  # type: ignore[arg-type]
