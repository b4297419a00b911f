"""Judging and scoring by column against the live judge and the live tally, frame by frame."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robotvision.errors import RobotVisionError
from robotvision.records import Answer, FrameRecord, ScoredAnswer, TimedAnswer, Truth
from robotvision.runs.log import RunRecord, SequenceRecord
from robotvision.runs.table import logged_policy, scored_table, table_of
from robotvision.scoring import FrameTable, Tally, count, judge, score
from robotvision.scoring.judging import object_points
from robotvision.scoring.policy import POLICIES, Judge, Policy, named_policy
from robotvision.scoring.table import ANSWERED, FAILED, NEVER, OUTCOMES, SKIPPED, UNSCORED
from robotvision.scoring.transitions import transitions
from robotvision.tasks import load_task
from robotvision.tasks.model import Task
from tests.fixtures.examples import examples

TASKS = [load_task(n) for n in ("imageclef2009", "imageclef2012", "imageclef2013", "imageclef2014")]
KINDS = ["answered"] * 5 + ["silent", "skipped", "failed", "unreadable", "failed late"]


def frames_of(task: Task, rng: random.Random, n: int) -> list[FrameRecord]:
    """Return frames with answers, silences, faults, skips, unknown rooms and missing truths."""
    cellar = ["Cellar"] if task.unknown else []
    frames, now, due = [], 0, 0
    for i in range(n):
        due += rng.choice([0, 5, 30, 100])
        kind, begin = rng.choice(KINDS), max(now, due)
        end = begin + rng.choice([0, 1, 20, 30, 90])
        objects = {o: rng.random() < 0.5 for o in (*task.objects, "Bench") if rng.random() < 0.6}
        room = None if kind == "silent" else rng.choice(task.labels)
        answer = Answer(room, rng.choice([None, 0.25, 1.0]), objects)
        fault = kind if kind in ("failed", "unreadable", "failed late") else None
        if kind in ("skipped", "unreadable"):
            timed = TimedAnswer(i, None, due, fault=fault)
        else:
            given_ = None if kind == "failed" else answer  # "failed late": an answer and a fault
            timed = TimedAnswer(i, given_, due, begin, end, {}, fault)
            now = end
        seen = frozenset(o for o in (*task.objects, "Bench") if rng.random() < 0.4)
        truth = Truth(rng.choice([*task.labels, *cellar]), seen) if rng.random() < 0.8 else None
        frames.append(FrameRecord.of(1000 * i, i // 7, timed, truth))
    return frames


@st.composite
def runs(draw: st.DrawFn) -> tuple[RunRecord, Task, Policy]:
    """Draw a run of up to three sequences in two test sets, made from one seed, and a policy."""
    task, clock = draw(st.sampled_from(TASKS)), draw(st.sampled_from(["asap", "wall"]))
    rng = random.Random(draw(st.integers(0, 2**32)))
    policy = named_policy(draw(st.sampled_from(list(POLICIES))), draw(DEADLINES))
    about = {
        "task": task.model_dump(mode="json"),
        "clock": clock,
        "policy": {**policy.describe(), "deadline_ms": None},
    }
    sequences = [
        SequenceRecord({"set": name, "name": name}, frames_of(task, rng, n))
        for name, n in zip("aba", draw(st.tuples(*[st.integers(0, 15)] * 3)), strict=True)
    ]
    return RunRecord(Path("run.jsonl"), about, sequences, True), task, policy


DEADLINES = st.sampled_from([None, "next-frame", 0, 30, 100])


def live(
    record: RunRecord, task: Task, policy: Policy
) -> tuple[list[ScoredAnswer], list[int | None], dict[str, Tally]]:
    """Return what a run shows while it runs: each frame scored, the age of its answer, tallies."""
    scored, ages, tallies = [], [], {}
    for sequence in record.sequences:
        tally = tallies.setdefault(sequence.set, Tally(task))
        timed = [f.timed for f in sequence.frames]
        due = [t.due_ns for t in timed]
        deadlines = due if record.about["clock"] == "asap" else policy.deadlines(due)
        judging = Judge(policy)
        verdicts = [v for t, d in zip(timed, deadlines, strict=True) for v in judging.push(t, d)]
        for verdict in (*verdicts, *judging.flush()):
            truth = sequence.frames[verdict.timed.index].truth
            scored.append(tally.add(truth, verdict.timed, verdict.outcome))
            own = timed[verdict.timed.index]
            took = None if own.finished_ns is None else own.finished_ns - own.due_ns
            ages.append(verdict.age_ns if policy.late == "hold" else took)
    return scored, ages, tallies


def answers(table: FrameTable) -> list[tuple[str | None, float | None]]:
    """Return the room and the confidence of the answer that counts for each frame."""
    rooms = [None if a < 0 else table.labels[a] for a in table.answer.tolist()]
    values = [None if c != c else c for c in table.confidence.tolist()]
    return list(zip(rooms, values, strict=True))


def live_answer(scored: ScoredAnswer) -> tuple[str | None, float | None]:
    """Return the same of a frame scored live; an answer that came too late has no room."""
    answer = scored.timed.answer
    if answer is None:
        return None, None
    counts = scored.outcome in (None, "correct", "wrong")
    return (answer.room if counts else None), answer.confidence


@examples(300)
@given(runs())
def test_by_column_equals_live(drawn: tuple[RunRecord, Task, Policy]) -> None:
    """Outcomes, judged answers, ages, points of each frame and tallies, to the last bit."""
    record, task, policy = drawn
    scored, ages, tallies = live(record, task, policy)
    judged = judge(table_of(record), policy)
    table = score(judged, task)
    outcomes = [None if o == UNSCORED else OUTCOMES[o] for o in table.outcome.tolist()]
    assert outcomes == [s.outcome for s in scored]
    assert table.points.tolist() == [s.points for s in scored]
    assert object_points(table, task).tolist() == [s.object_points for s in scored]
    assert table.index.tolist() == [s.index for s in scored]
    assert answers(table) == list(map(live_answer, scored))
    assert [None if a == NEVER else a for a in table.age_ns.tolist()] == ages
    for counted in (count(judged, task), count(table, task)):
        assert list(counted) == list(tallies)
        for name, tally in tallies.items():
            assert vars(counted[name]) | SHARED == vars(tally) | SHARED
            assert counted[name].points == tally.points
            assert counted[name].max_points == tally.max_points


SHARED = dict.fromkeys(["task", "points_table", "_columns", "_row_of", "_object_rows"])


@examples(50)
@given(runs())
def test_the_test_sets_are_parts_of_the_whole(drawn: tuple[RunRecord, Task, Policy]) -> None:
    record, task, policy = drawn
    table = scored_table(record, policy)
    parts = [table.of_sets([name]) for name in ("a", "b")]
    assert sum(map(len, parts)) == len(table)
    assert sum(p.points.sum() for p in parts) == pytest.approx(table.points.sum())
    for part, name in zip(parts, ("a", "b"), strict=True):
        assert count(part, task)[name].points == pytest.approx(part.points.sum())
    found = transitions(table)
    assert found.boundary.frames + found.inside.frames == int(table.is_known.sum())


def outside(policy: str, deadline_ns: int) -> FrameTable:
    """Score two frames, of which the second is answered, after 50 ns, with no room of the task."""
    rooms = TASKS[1].room_names
    frames = [
        FrameRecord.of(i, 0, TimedAnswer(i, Answer(room), 0, 0, 50 * i), Truth(rooms[0]))
        for i, room in enumerate([rooms[0], "Cellar"])
    ]
    about = {"task": TASKS[1].model_dump(mode="json"), "clock": "wall"}
    record = RunRecord(Path("x"), about, [SequenceRecord({}, frames)])
    return scored_table(record, named_policy(policy, deadline_ns))


def test_an_answer_outside_the_task_is_refused_where_it_counts() -> None:
    """As the live tally does: what came too late is looked at no more."""
    with pytest.raises(RobotVisionError, match="frame 1: the answer 'Cellar' is outside the task"):
        outside("deadline", 100)
    assert outside("deadline", 10).outcome.tolist() == [0, OUTCOMES.index("late")]


def test_what_was_not_judged_cannot_be_counted() -> None:
    about = {"task": TASKS[1].model_dump(mode="json"), "clock": "asap"}
    frame = FrameRecord.of(0, 0, TimedAnswer(0, Answer(None), 0, 0, 1), None)
    table = table_of(RunRecord(Path("x"), about, [SequenceRecord({}, [frame])]))
    with pytest.raises(ValueError, match=r"^the table is not judged$"):
        count(table, TASKS[1])
    judged = judge(table, named_policy("offline"))
    with pytest.raises(ValueError, match=r"^the table is judged already; judge the one it was mad"):
        judge(judged, named_policy("offline"))
    with pytest.raises(ValueError, match=r"from$"):
        judge(judged, named_policy("offline"))


def test_an_answer_is_late_to_the_nanosecond_however_long_the_clock_has_run() -> None:
    """Years of nanoseconds: more digits than a float has."""
    room, due = TASKS[1].room_names[0], 2**60 + 1
    timed = [
        TimedAnswer(i, Answer(room), due + i, due + i, due + i + took)
        for i, took in enumerate((100, 101))
    ]
    frames = [FrameRecord.of(t.index, 0, t, Truth(room)) for t in timed]
    about = {"task": TASKS[1].model_dump(mode="json"), "clock": "wall"}
    table = table_of(RunRecord(Path("x"), about, [SequenceRecord({}, frames)]))
    judged = judge(table, named_policy("deadline", 100))
    assert judged.outcome.tolist() == [ANSWERED, OUTCOMES.index("late")]
    assert judged.answer.tolist() == [table.answer[0], -1]
    assert judged.age_ns.tolist() == [100, 101]
    assert judged.stated is None
    held = judge(table, named_policy("streaming", 100))
    assert held.source.tolist() == [0, 0]
    assert held.age_ns.tolist() == [100, 101]
    assert judged.of_sets(["test"]) is judged


@pytest.mark.parametrize("column", ["stated", "in_view"])
def test_without_statements_or_without_objects_in_view_no_object_earns(column: str) -> None:
    about = {"task": TASKS[3].model_dump(mode="json"), "clock": "asap"}
    timed = TimedAnswer(0, Answer("Toilet", objects={"Chair": True}), 0, 0, 1)
    frame = FrameRecord.of(0, 0, timed, Truth("Toilet", frozenset({"Chair"})))
    table = judge(
        table_of(RunRecord(Path("x"), about, [SequenceRecord({}, [frame])])),
        named_policy("offline"),
    )
    assert object_points(table, TASKS[3]).tolist() == [1.0]
    assert object_points(replace(table, **{column: None}), TASKS[3]).tolist() == [0.0]


def test_a_log_by_column() -> None:
    """Two sequences, one without a name; an answer, a silence, a skip, a fault; no truth once."""
    task = TASKS[3]
    seen = frozenset({"Chair", "Bench"})
    first = [
        FrameRecord.of(
            1000,
            4,
            TimedAnswer(7, Answer("Toilet", 0.5, {"Chair": True, "Phone": False}), 10, 11, 12),
            Truth("Corridor", seen),
        ),
        FrameRecord.of(2000, 5, TimedAnswer(9, Answer(None), 20, 21, 22), None),
    ]
    second = [
        FrameRecord.of(3000, 0, TimedAnswer(0, None, 30), Truth("Toilet")),
        FrameRecord.of(4000, 0, TimedAnswer(1, None, 40, 41, 42, {}, "broken"), Truth("Toilet")),
        FrameRecord.of(5000, 0, TimedAnswer(2, Answer("Cellar"), 50, 51, 52), Truth("Toilet")),
    ]
    about = {"task": task.model_dump(mode="json"), "clock": "wall"}
    sequences = [
        SequenceRecord({"set": "a", "name": "walk"}, first),
        SequenceRecord({"set": "b"}, second),
    ]
    table = table_of(RunRecord(Path("x"), about, sequences))
    corridor, toilet = task.labels.index("Corridor"), task.labels.index("Toilet")
    assert (table.sequences, table.sets) == (("walk", "b"), ("a", "b"))
    assert table.labels == (*task.labels, "Cellar")
    assert table.objects == task.objects
    assert table.has_clock
    assert table.sequence.tolist() == [0, 0, 1, 1, 1]
    assert table.index.tolist() == [7, 9, 0, 1, 2]
    assert table.timestamp_ns.tolist() == [1000, 2000, 3000, 4000, 5000]
    assert table.segment.tolist() == [4, 5, 0, 0, 0]
    assert table.truth.tolist() == [corridor, -1, toilet, toilet, toilet]
    assert table.answer.tolist() == [toilet, -1, -1, -1, len(task.labels)]
    assert [c for c in table.confidence.tolist() if c == c] == [0.5]
    assert table.due_ns.tolist() == [10, 20, 30, 40, 50]
    assert table.started_ns.tolist() == [11, 21, NEVER, 41, 51]
    assert table.finished_ns.tolist() == [12, 22, NEVER, 42, 52]
    assert table.own.tolist() == [ANSWERED, ANSWERED, SKIPPED, FAILED, ANSWERED]
    chair, phone = task.objects.index("Chair"), task.objects.index("Phone")
    assert table.stated is not None
    assert table.in_view is not None
    assert table.in_view.dtype == np.bool_
    expected = [2] * len(task.objects)
    assert table.stated[1:].tolist() == [expected] * 4
    expected[chair], expected[phone] = 0, 1
    assert table.stated[0].tolist() == expected
    assert [np.flatnonzero(row).tolist() for row in table.in_view] == [[chair], [], [], [], []]
    asap = table_of(RunRecord(Path("x"), about | {"clock": "asap"}, sequences))
    assert not asap.has_clock
    rooms = {"task": TASKS[0].model_dump(mode="json"), "clock": "asap"}
    plain = table_of(RunRecord(Path("x"), rooms, []))
    assert (plain.stated, plain.in_view, len(plain)) == (None, None, 0)


@pytest.mark.parametrize(
    ("deadline", "ns"),
    [
        (33, 33_000_000),
        (33.4, 33_400_000),
        (0.0000014, 1),
        ("next-frame", "next-frame"),
        (None,) * 2,
    ],
)
def test_the_policy_of_a_log(deadline: Any, ns: Any) -> None:
    about = {"name": "mine", "backlog": "newest", "late": "deadline", "deadline_ms": deadline}
    record = RunRecord(Path("x"), {"policy": about})
    assert logged_policy(record) == Policy("newest", "deadline", ns, "mine")
    assert logged_policy(record).name == "mine"


def test_a_run_is_scored_under_its_own_policy_or_another() -> None:
    task = TASKS[1]
    room = task.room_names[0]
    frame = FrameRecord.of(0, 0, TimedAnswer(0, Answer(room), 0, 0, 50), Truth(room))
    policy = {"name": "deadline", "backlog": "newest", "late": "deadline", "deadline_ms": 1e-5}
    about = {"task": task.model_dump(mode="json"), "clock": "wall", "policy": policy}
    record = RunRecord(Path("x"), about, [SequenceRecord({}, [frame])])
    assert scored_table(record).points.tolist() == [0.0]
    assert scored_table(record, named_policy("offline")).points.tolist() == [1.0]
